import { type Context, createContext, Script } from 'node:vm'
import { fileURLToPath } from 'node:url'
import type * as Acorn from 'acorn'
import type * as EslintScope from 'eslint-scope'
import { URL, process } from '../../primordials.js'
import { missingFile } from '../../entry/missing-file.js'

interface Parser {
  readonly parse: typeof Acorn.parse
  readonly analyze: typeof EslintScope.analyze
}

// Test tools put others in the place of this module.
const { readFileSync } = process.getBuiltinModule('node:fs')
const FILE = new URL('../../../dist/millrace-parser.cjs', import.meta.url)
let parser: Parser | undefined
let realm: Context | undefined

function read(filename: string): string {
  try {
    return readFileSync(filename, 'utf8')
  } catch (error) {
    throw missingFile(FILE, error)
  }
}

/**
 * Runs the parser, a bundle of acorn and eslint-scope, in a realm of its own. What the program has replaced or patched, prototypes included,
 * is not there; these packages would call it.
 */
function load(): Parser {
  const filename = fileURLToPath(FILE)
  const text = read(filename)
  realm ??= createContext({})
  const module = { exports: {} }
  const run = new Script(`(function (module) {${text}\n})`, { filename }).runInContext(realm) as (given: object) => void
  run(module)
  return module.exports as Parser
}

// It is loaded with the first function that travels by source: a program that only names exports does without it.

/** @throws SyntaxError where the text cannot be parsed; it is one of another realm. */
export function parse(code: string, options: Acorn.Options): Acorn.Program {
  parser ??= load()
  return parser.parse(code, options)
}

export function analyzeScopes(
  program: Acorn.Program,
  options: Parameters<typeof EslintScope.analyze>[1]
): EslintScope.ScopeManager {
  parser ??= load()
  // acorn writes the same tree with types of its own.
  return parser.analyze(program as unknown as Parameters<typeof EslintScope.analyze>[0], options)
}
