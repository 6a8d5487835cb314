import { fileURLToPath, pathToFileURL } from 'node:url'
import type { AnyNode, Program } from 'acorn'
import { Map, Object, String, cwd } from '../../primordials.js'
import { assignedNames, declarationIn, type Declaration, hasStrictDirective } from '../analyze/declarations.js'
import { parse } from '../analyze/parser.js'
import { readScript, readUrl, type ScriptText } from './script-texts.js'
import { Lines, type Position } from '../analyze/positions.js'
import { isNode } from '../analyze/surroundings.js'

/** The origin of an imported name. */
export interface ImportBinding {
  readonly specifier: string
  /** The name of the export, or `*` for the namespace. */
  readonly name: string
  /** Import attributes, such as `{ type: 'json' }`. */
  readonly attributes: Readonly<Record<string, string>>
}

/** The script that a function is from. */
export interface Script {
  /** The base of relative specifiers. Absent for a script without a location. */
  readonly base: string | undefined
  readonly url: string
  /** The name in stacks. Empty for a script without a name. */
  readonly frameName: string
  readonly isModule: boolean
  /** Whether the script may have exports. False for a module without any. */
  readonly hasExports: boolean
  readonly imports: ReadonlyMap<string, ImportBinding>
  /** How a name that the function sees is declared. undefined if it is unknown. */
  findBinding(name: string, text: string, line: number, column: number): Binding | undefined
  /** Whether the code at a position is strict. undefined if it is unknown. */
  isStrict(text: string, line: number, column: number): boolean | undefined
  /** The position of the text, from `skip` characters on, that the engine places at the line and column. */
  positionOf(text: string, line: number, column: number, skip: number): Position | undefined
}

/** A variable of a script. */
export interface Binding extends Declaration {
  /** Whether a variable of its name is assigned to outside its declaration. */
  readonly isAssigned: boolean
}

// Parsed scripts are large, so only a few are kept. A forgotten one is read again.
const SCRIPTS_KEPT = 64
const scripts = new Map<string, Script>()

/** The syntax tree of a script. undefined for syntax that the parser does not know. */
export function parseScript(source: string, isModule: boolean): Program | undefined {
  try {
    return parse(source, {
      ecmaVersion: 'latest',
      sourceType: isModule ? 'module' : 'script',
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
      allowHashBang: true,
      allowImportExportEverywhere: true,
      checkPrivateFields: false
    })
  } catch {
    return undefined
  }
}

/** The text of a name in an import or export, which may be a string. */
export function moduleName(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : node.type === 'Literal' ? String(node.value) : ''
}

/** The imports of a module, by their local names. */
export function readImports(program: Program | undefined): ReadonlyMap<string, ImportBinding> {
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

/** The nodes around a piece of the source, from the innermost outward. */
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

/** Stacks name a CommonJS module by its path, whereas the inspector names it by a URL. */
function frameNameOf(url: string, isModule: boolean): string {
  if (isModule || !url.startsWith('file:')) return url
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}

function makeScript({ url, isModule, source, first }: ScriptText): Script {
  const program = parseScript(source, isModule)
  const isFile = url.startsWith('file:')
  const lines = new Lines(source, first)
  // The engine's position is inside the text: at the parameters, or at the constructor.
  const find = (text: string, line: number, column: number): number | undefined => {
    const offset = lines.offsetOf({ line, column })
    const start = source.lastIndexOf(text, offset)
    return start < 0 || start + text.length < offset ? undefined : start
  }
  const around = (text: string, line: number, column: number): readonly AnyNode[] | undefined => {
    const start = find(text, line, column)
    return program === undefined || start === undefined ? undefined : nodesAround(program, start, start + text.length)
  }
  let assigned: ReadonlySet<string> | undefined
  const findBinding: Script['findBinding'] = (name, ...at) => {
    const nodes = around(...at)
    if (program === undefined || nodes === undefined) return undefined
    assigned ??= assignedNames(program)
    const isAssigned = assigned.has(name)
    for (const node of nodes) {
      const found = declarationIn(node, name)
      if (found === undefined) continue
      const isNeverUndefined = found.isNeverUndefined && (found.isConst || !isAssigned)
      return { isConst: found.isConst, isAssigned, isNeverUndefined }
    }
    // The variables of the wrapper around a CommonJS module.
    return { isConst: name === '__filename' || name === '__dirname', isAssigned, isNeverUndefined: false }
  }
  const isStrict: Script['isStrict'] = (...at) => isModule || around(...at)?.some(hasStrictDirective)
  const hasExports = program === undefined || !isModule || program.body.some(({ type }) => type.startsWith('Export'))
  // Code of the REPL, stdin or -e imports relative to the working directory.
  const isTyped = /^(\[eval\d*\]|\[stdin\]|REPL\d+)(-wrapper)?$/.test(url)
  const base = isFile ? url : isTyped ? pathToFileURL(`${cwd()}/${url}`).href : undefined
  const positionOf: Script['positionOf'] = (text, line, column, skip) => {
    const start = find(text, line, column)
    return start === undefined ? undefined : lines.positionOf(start + skip)
  }
  const frameName = frameNameOf(url, isModule)
  return {
    base,
    url,
    frameName,
    isModule,
    hasExports,
    imports: readImports(program),
    findBinding,
    isStrict,
    positionOf
  }
}

/** The script with an id from the inspector. */
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

/** The URL of the script with an id. */
export function scriptUrl(scriptId: string): string | undefined {
  return scripts.get(scriptId)?.url ?? readUrl(scriptId)
}
