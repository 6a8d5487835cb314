import { builtinModules, createRequire } from 'node:module'
import { Map, Object, Set } from '../../primordials.js'
import { globalPaths, loadedBuiltIns } from '../analyze/globals.js'
import { hasInspector } from '../capture/inspector.js'
import { isNativeText, sourceOf } from '../refusal/refusals.js'
import { locateFunction } from '../capture/function-location.js'

const require = createRequire(import.meta.url)

/** Where something of Node's own is to be found in every process. */
export type BuiltInPath =
  | { readonly t: 'builtin'; readonly id: string; readonly path: readonly string[] }
  | { readonly t: 'global'; readonly path: readonly string[] }

// Reading them makes a warning.
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
    // Only what is loaded already: nobody holds a function of any other module.
    // Those for promises are loaded with what they are for, by a getter.
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
 * The place of an object or function that belongs to a module of Node or is a global; undefined for any other. Found by
 * identity: Node writes many of its functions in JavaScript, and what they capture is not to be had.
 */
export function builtInPath(value: object): BuiltInPath | undefined {
  const loaded = loadedBuiltIns()
  // With what Node loads come globals that were behind getters.
  if (loaded.length !== seen) {
    paths = collect(loaded)
    seen = loaded.length
  }
  const builtIn = paths.get(value)
  return builtIn === undefined || (typeof value === 'function' && isForeign(value)) ? undefined : builtIn
}

/** True for a function that somebody put in the builtIn of Node's own. */
function isForeign(fn: object): boolean {
  if (isNativeText(sourceOf(fn))) return false
  const location = hasInspector() ? locateFunction(fn, 'the function') : undefined
  return location?.url !== undefined && !location.url.startsWith('node:')
}
