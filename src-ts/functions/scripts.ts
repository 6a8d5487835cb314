import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type * as Acorn from 'acorn'
import type { AnyNode, Program } from 'acorn'
import { declarationIn } from './declarations.js'
import { readScript } from './inspector.js'
import { isNode } from './surroundings.js'

const require = createRequire(import.meta.url)

/** Where an imported name comes from. */
export interface ImportBinding {
  readonly specifier: string
  /** The export; `*` for the namespace. */
  readonly name: string
  /** Import attributes, such as `{ type: 'json' }`. */
  readonly attributes: Readonly<Record<string, string>>
}

/** What has to be known of the script that a function was taken from. */
export interface Script {
  /** What relative specifiers are resolved against; absent for a script of no place. */
  readonly base: string | undefined
  readonly url: string
  readonly isModule: boolean
  /** False where the script is a module without exports, so that no function can be one. */
  readonly hasExports: boolean
  readonly imports: ReadonlyMap<string, ImportBinding>
  /** Whether a name that the function sees is a `const`. */
  isConst(name: string, text: string, line: number, column: number): boolean
}

// A parsed script is large; one that was forgotten is read again.
const SCRIPTS_KEPT = 64
const scripts = new Map<string, Script>()

function parse(source: string, isModule: boolean): Program | undefined {
  const acorn = require('acorn') as typeof Acorn
  try {
    return acorn.parse(source, {
      ecmaVersion: 'latest',
      sourceType: isModule ? 'module' : 'script',
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
      allowHashBang: true,
      allowImportExportEverywhere: true,
      checkPrivateFields: false
    })
  } catch {
    // Syntax that the engine knows and the parser does not.
    return undefined
  }
}

function moduleName(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : node.type === 'Literal' ? String(node.value) : ''
}

function readImports(program: Program | undefined): ReadonlyMap<string, ImportBinding> {
  const imports = new Map<string, ImportBinding>()
  for (const node of program?.body ?? []) {
    if (node.type !== 'ImportDeclaration') continue
    const specifier = String(node.source.value)
    const attributes = Object.fromEntries(
      node.attributes.map(({ key, value }) => [moduleName(key), String(value.value)])
    )
    for (const part of node.specifiers) {
      const name =
        part.type === 'ImportSpecifier'
          ? moduleName(part.imported)
          : part.type === 'ImportDefaultSpecifier'
            ? 'default'
            : '*'
      imports.set(part.local.name, { specifier, name, attributes })
    }
  }
  return imports
}

function offsetOf(source: string, line: number, column: number): number {
  let start = 0
  for (let at = 0; at < line; at++) {
    const next = source.indexOf('\n', start)
    if (next < 0) break
    start = next + 1
  }
  return start + column
}

/** The nodes around a piece of the source, from the innermost outwards. */
function nodesAround(program: Program, start: number, end: number): readonly AnyNode[] {
  const around: AnyNode[] = []
  let node: AnyNode | undefined = program
  while (node !== undefined) {
    around.unshift(node)
    const children: readonly unknown[] = Object.values(node).flat()
    node = children.find(
      (child): child is AnyNode =>
        isNode(child) && child.start <= start && child.end >= end && !(child.start === start && child.end === end)
    )
  }
  return around
}

function makeScript({ url, isModule, source }: { url: string; isModule: boolean; source: string }): Script {
  const program = parse(source, isModule)
  const isFile = url.startsWith('file:')
  const isConst = (name: string, text: string, line: number, column: number): boolean => {
    if (program === undefined) return false
    const place = offsetOf(source, line, column)
    const start = source.lastIndexOf(text, place)
    if (start < 0 || start + text.length < place) return false
    for (const node of nodesAround(program, start, start + text.length)) {
      const kind = declarationIn(node, name)
      if (kind !== undefined) return kind === 'const'
    }
    // Variables of the wrapper around a CommonJS module.
    return name === '__filename' || name === '__dirname'
  }
  const hasExports = program === undefined || !isModule || program.body.some(({ type }) => type.startsWith('Export'))
  // What was typed in, or came by -e, imports relative to the working directory.
  const isTyped = /^(\[eval\d*\]|\[stdin\]|REPL\d+)(-wrapper)?$/.test(url)
  const base = isFile ? url : isTyped ? pathToFileURL(`${process.cwd()}/${url}`).href : undefined
  return { base, url, isModule, hasExports, imports: readImports(program), isConst }
}

/** The script of an id, which the inspector gave. */
export function scriptOf(scriptId: string): Script | undefined {
  const known = scripts.get(scriptId)
  if (known !== undefined) return known
  const text = readScript(scriptId)
  if (text === undefined) return undefined
  const script = makeScript(text)
  const [oldest] = scripts.keys()
  if (scripts.size >= SCRIPTS_KEPT && oldest !== undefined) scripts.delete(oldest)
  scripts.set(scriptId, script)
  return script
}
