import { builtinModules, createRequire } from 'node:module'
import { Map, Object, Set } from '../../primordials.js'
import { globalPaths, loadedBuiltIns } from '../analyze/globals.js'
import { hasInspector } from '../capture/inspector.js'
import { isNativeText, sourceOf } from '../refusal/refusals.js'
import { locateFunction } from '../capture/function-location.js'

const require = createRequire(import.meta.url)

/** The path of a built-in, which is the same in every process. */
export type BuiltInPath =
  | { readonly t: 'builtin'; readonly id: string; readonly path: readonly string[] }
  | { readonly t: 'global'; readonly path: readonly string[] }

// Reading these modules causes a warning.
const UNREAD = new Set(['punycode', 'sys', 'wasi', 'test', 'sqlite', 'trace_events', 'cluster'])

let paths = new Map<unknown, BuiltInPath>()
let seen = -1

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function collect(loaded: readonly string[]): Map<unknown, BuiltInPath> {
  const found = new Map<unknown, BuiltInPath>()
  for (const [value, path] of globalPaths()) found.set(value, { t: 'global', path })
  const names = new Set(loaded)
  for (const id of builtinModules) {
    // Only modules that are loaded: nobody can have a function of another module. A getter loads the promise modules.
    const isLoaded = names.has(`NativeModule ${id}`) || names.has(`NativeModule internal/${id}`)
    if (id.startsWith('_') || UNREAD.has(id) || !isLoaded) continue
    const holder: unknown = require(`node:${id}`)
    if (!isObject(holder)) continue
    if (!found.has(holder)) found.set(holder, { t: 'builtin', id, path: [] })
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (isObject(value) && !found.has(value)) found.set(value, { t: 'builtin', id, path: [key] })
    }
  }
  return found
}

/**
 * The path of an object or function that belongs to a module of Node or is a global. undefined for any other value. It is found by
 * identity, because Node writes many of its functions in JavaScript and the variables that they capture cannot be read.
 */
export function builtInPath(value: object): BuiltInPath | undefined {
  const loaded = loadedBuiltIns()
  // When Node loads more modules, globals that were behind getters get values.
  if (loaded.length !== seen) {
    paths = collect(loaded)
    seen = loaded.length
  }
  const builtIn = paths.get(value)
  return builtIn === undefined || (typeof value === 'function' && isForeign(value)) ? undefined : builtIn
}

/** Whether the program has replaced a function of Node by this one. */
function isForeign(fn: object): boolean {
  if (isNativeText(sourceOf(fn))) return false
  const location = hasInspector() ? locateFunction(fn, 'the function') : undefined
  return location?.url !== undefined && !location.url.startsWith('node:')
}
