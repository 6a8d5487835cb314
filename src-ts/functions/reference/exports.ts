import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { Map, Object, WeakSet } from '../../primordials.js'
import { builtInPath } from './built-ins.js'
import { isEntry } from './entry.js'
import type { Cacheability } from '../capture/cacheability.js'
import { isLoadable } from './loadable.js'
import { loadedModule, type Namespace } from './node-loader.js'
import { sourceOf } from '../refusal/refusals.js'
import type { Script } from '../capture/scripts.js'

const require = createRequire(import.meta.url)

/** An export that a worker can import. */
export interface ExportPlace {
  readonly url: string
  /** Absent for the default export. */
  readonly name: string | undefined
  /** Set for a CommonJS module. Hooks of `require`, such as a TypeScript loader, do not apply to `import`. */
  readonly isRequired?: true
}

/** Reads a property. Getters are only run if they return a variable, as compilers write them, because others may do anything. */
const GIVES_VARIABLE =
  /^(?:\(\s*\)\s*=>|(?:function|get)?\s*[\w$]*\s*\(\s*\)\s*\{\s*return\b)(?:\s|\(|\/\*[^*]*\*\/)*[\p{ID_Start}$_][\p{ID_Continue}$]*[\s)]*;?\s*\}?$/u

/** Whether a getter only returns a variable: `() => name`, `function () { return name }`, `get name() { return name }`. */
export function givesVariable(getter: object): boolean {
  return GIVES_VARIABLE.test(sourceOf(getter))
}

function nameIn(namespace: Namespace, fn: unknown): string | undefined {
  for (const name of Object.keys(namespace)) {
    try {
      if (namespace[name] === fn) return name
    } catch {
      // The binding has no value yet.
    }
  }
  return undefined
}

/** The value of a property, read without running code of the program. */
export function givenBy(holder: object, { value, get }: PropertyDescriptor = {}): unknown {
  try {
    return get !== undefined && givesVariable(get) ? get.call(holder) : value
  } catch {
    // The variable has no value yet.
    return undefined
  }
}

function nameInObject(exports: object, fn: unknown): string | undefined {
  if (types.isProxy(exports)) return undefined
  const found = Object.entries(Object.getOwnPropertyDescriptors(exports)).find(
    ([, property]) => property.enumerable === true && givenBy(exports, property) === fn
  )
  return found?.[0]
}

function inCommonJs(fn: unknown, url: string, path: string, cacheability: Cacheability): ExportPlace | undefined {
  const loaded = require.cache[path]
  if (loaded === undefined || loaded.id === '.') return undefined
  if (!loaded.loaded) {
    cacheability.limitToCall()
    return undefined
  }
  const { exports } = loaded as { exports: unknown }
  if (exports === fn) return { url, name: undefined, isRequired: true }
  if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null) return undefined
  const name = nameInObject(exports, fn)
  return name === undefined ? undefined : { url, name, isRequired: true }
}

/** Namespaces of evaluated modules, by their URLs. They never change. */
const namespaces = new Map<string, Namespace>()

/**
 * The export that a function is. undefined if it is not an export, or not yet.
 * @param cacheability Limited to this call while the module is still evaluating, because its functions are sent by value until it has.
 */
export function exportOf(fn: object, script: Script, cacheability: Cacheability): ExportPlace | undefined {
  const { url, isModule, hasExports } = script
  if (!url.startsWith('file:') || !hasExports) return undefined
  const path = fileURLToPath(url)
  if (!isLoadable(path) || isEntry(path)) return undefined
  if (!isModule) return inCommonJs(fn, url, path, cacheability)
  const namespace = namespaces.get(url) ?? loadedModule(url)
  if (namespace === 'evaluating') cacheability.limitToCall()
  if (namespace === undefined || namespace === 'evaluating') return undefined
  namespaces.set(url, namespace)
  const name = nameIn(namespace, fn)
  return name === undefined ? undefined : { url, name: name === 'default' ? undefined : name }
}

/** The file of a CommonJS module by its `module.exports`. */
export function commonJsOf(exports: object): string | undefined {
  if (builtInPath(exports) !== undefined) return undefined
  for (const [path, loaded] of Object.entries(require.cache)) {
    if (loaded?.exports === exports && loaded.loaded && loaded.id !== '.' && Object.keys(exports).length > 0)
      return path
  }
  return undefined
}

let exported = new WeakSet<object>()
let counted = 0

/** Whether a loaded CommonJS module exports the function. */
export function isCommonJsExport(fn: object): boolean {
  const modules = Object.values(require.cache)
  if (modules.length === counted) return exported.has(fn)
  exported = new WeakSet()
  for (const loaded of modules) {
    const exports: unknown = loaded?.exports
    if (typeof exports === 'function') exported.add(exports)
    if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null || types.isProxy(exports))
      continue
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(exports))) {
      if (typeof value === 'function') exported.add(value)
    }
  }
  // A module that is still evaluating may get more exports.
  counted = modules.every((loaded) => loaded?.loaded === true) ? modules.length : 0
  return exported.has(fn)
}

/** Whether a value is the `module` of a CommonJS module. */
export function isCommonJsModule(value: object): boolean {
  const filename: unknown = Object.getOwnPropertyDescriptor(value, 'filename')?.value
  return typeof filename === 'string' && require.cache[filename] === value
}
