import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { type Context, createContext, Script } from 'node:vm'
import type * as Acorn from 'acorn'
import type * as EslintScope from 'eslint-scope'
import { TaskFunctionError } from '../../errors/index.js'
import { JSON, Map, Reflect, process } from '../../primordials.js'

type Require = (name: string) => unknown

// Test tools put others in the place of this module.
const { readFileSync } = process.getBuiltinModule('node:fs')
const require = createRequire(import.meta.url)
const modules = new Map<string, { exports: unknown }>()
let realm: Context | undefined

/**
 * Loads a CommonJS package into a realm of its own. What the program has replaced or patched, prototypes included, is not there;
 * these packages would call it.
 */
function load(path: string): unknown {
  const known = modules.get(path)
  if (known !== undefined) return known.exports
  const module: { exports: unknown } = { exports: {} }
  modules.set(path, module)
  const text = readFileSync(path, 'utf8')
  if (path.endsWith('.json')) module.exports = JSON.parse(text)
  else {
    const { resolve } = createRequire(path)
    const requireFrom: Require = (name) => load(resolve(name))
    realm ??= createContext({})
    const wrapper = new Script(`(function (exports, require, module, __dirname) {${text}\n})`, { filename: path })
    Reflect.apply(wrapper.runInContext(realm) as (...args: unknown[]) => void, module.exports, [
      module.exports,
      requireFrom,
      module,
      dirname(path)
    ])
  }
  return module.exports
}

function loadPackage(name: 'acorn' | 'eslint-scope'): unknown {
  try {
    return load(require.resolve(name))
  } catch (cause) {
    if ((cause as { readonly code?: unknown } | null)?.code !== 'MODULE_NOT_FOUND') throw cause
    throw new TaskFunctionError(
      `millrace needs the package '${name}' to send a function by value, and it is not installed: install the dependencies of ` +
        `millrace, or export the function from a module and name it with task(url, 'name')`,
      { cause }
    )
  }
}

// Both are loaded with the first function that travels by source: a program that only names exports does without them.

/**
 * @throws SyntaxError where the text cannot be parsed; it is one of another realm.
 * @throws TaskFunctionError where the package is not installed.
 */
export function parse(code: string, options: Acorn.Options): Acorn.Program {
  return (loadPackage('acorn') as typeof Acorn).parse(code, options)
}

export function analyzeScopes(
  program: Acorn.Program,
  options: Parameters<typeof EslintScope.analyze>[1]
): EslintScope.ScopeManager {
  const { analyze } = loadPackage('eslint-scope') as typeof EslintScope
  // acorn writes the same tree with types of its own.
  return analyze(program as unknown as Parameters<typeof analyze>[0], options)
}
