import { isBuiltin } from 'node:module'
import type { AnyNode, Program } from 'acorn'
import { Map, Set, String } from '../../primordials.js'
import { lateNames, patternNames } from '../analyze/declarations.js'
import { resolveAs } from '../reference/node-loader.js'
import { isNode } from '../analyze/surroundings.js'
import { readModule } from './script-texts.js'
import { type ImportBinding, moduleName, parseScript, readImports } from './scripts.js'

/** The kind of an export: a value that is final once its module has evaluated, a variable that may change, or another module's export. */
type Origin = 'fixed' | 'live' | Pick<ImportBinding, 'specifier' | 'name'>

interface Exports {
  readonly of: ReadonlyMap<string, Origin>
  /** The modules that it re-exports completely. */
  readonly stars: readonly string[]
}

const NONE: Exports = { of: new Map(), stars: [] }
const known = new Map<string, Exports>()

function declaredNames(node: AnyNode): readonly string[] {
  if (node.type === 'VariableDeclaration') return node.declarations.flatMap(({ id }) => [...patternNames(id)])
  const isNamed = node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration'
  return isNamed && isNode(node.id) ? [node.id.name] : []
}

function readExports(program: Program): Exports {
  const late = lateNames(program)
  const imports = readImports(program)
  const originOf = (local: string): Origin => {
    const imported = imports.get(local)
    if (imported !== undefined) return imported.name === '*' ? 'fixed' : imported
    return late.has(local) ? 'live' : 'fixed'
  }
  const of = new Map<string, Origin>()
  const stars: string[] = []
  for (const node of program.body) {
    if (node.type === 'ExportAllDeclaration') {
      // `export * as name` is a namespace, which never changes.
      if ((node.exported ?? undefined) === undefined) stars.push(String(node.source.value))
    } else if (node.type === 'ExportDefaultDeclaration') {
      // The value of an expression is final, even if its variables change.
      for (const name of declaredNames(node.declaration)) of.set('default', originOf(name))
    } else if (node.type === 'ExportNamedDeclaration') {
      const specifier = node.source === null || node.source === undefined ? undefined : String(node.source.value)
      for (const { local, exported } of node.specifiers) {
        const name = moduleName(local)
        of.set(moduleName(exported), specifier === undefined ? originOf(name) : { specifier, name })
      }
      if (node.declaration) for (const name of declaredNames(node.declaration)) of.set(name, originOf(name))
    }
  }
  return { of, stars }
}

function exportsOf(url: string): Exports {
  const found = known.get(url)
  if (found !== undefined) return found
  const source = readModule(url)
  const program = source === undefined ? undefined : parseScript(source, true)
  const exports = program === undefined ? NONE : readExports(program)
  known.set(url, exports)
  return exports
}

function resolveOrNone(base: string, specifier: string): string | undefined {
  if (isBuiltin(specifier)) return undefined
  try {
    return resolveAs(base, specifier)
  } catch {
    // The error is reported where the module is imported.
    return undefined
  }
}

/**
 * Whether an imported name may change after its module has evaluated. It may if a function of the module assigns to the variable, also
 * through any number of modules that re-export it. An assignment at the top level has run when the import is there.
 * @param base The URL of the importing module.
 */
export function isLive({ specifier, name }: Pick<ImportBinding, 'specifier' | 'name'>, base: string): boolean {
  const seen = new Set<string>()
  const left = [{ base, specifier, name }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const url = resolveOrNone(next.base, next.specifier)
    const key = `${next.name} ${url}`
    if (url === undefined || seen.has(key)) continue
    seen.add(key)
    const { of, stars } = exportsOf(url)
    const origin = of.get(next.name)
    if (origin === 'live') return true
    if (origin === undefined && next.name !== 'default') {
      for (const star of stars) left.push({ base: url, specifier: star, name: next.name })
    } else if (typeof origin === 'object') left.push({ base: url, ...origin })
  }
  return false
}
