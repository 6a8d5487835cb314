import { builtinModules, createRequire } from 'node:module'
import { pristineValue } from './globals.js'

const require = createRequire(import.meta.url)

/** Where something of Node's own is to be found in every process. */
export type BuiltInPlace =
  | { readonly t: 'builtin'; readonly id: string; readonly path: readonly string[] }
  | { readonly t: 'global'; readonly path: readonly string[] }

// Reading them makes a warning.
const UNREAD = new Set(['punycode', 'sys', 'wasi', 'test', 'sqlite', 'trace_events', 'cluster'])

let places = new Map<unknown, BuiltInPlace>()
let seen = -1

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function collect(loaded: readonly string[]): Map<unknown, BuiltInPlace> {
  const found = new Map<unknown, BuiltInPlace>()
  const names = new Set(loaded)
  for (const id of builtinModules) {
    // Only what is loaded already: nobody holds a function of any other module.
    if (id.startsWith('_') || UNREAD.has(id) || !names.has(`NativeModule ${id}`)) continue
    const holder: unknown = require(`node:${id}`)
    if (!isObject(holder)) continue
    if (!found.has(holder)) found.set(holder, { t: 'builtin', id, path: [] })
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (isObject(value) && !found.has(value)) found.set(value, { t: 'builtin', id, path: [key] })
    }
  }
  return found
}

/** The place of an object or function that belongs to a module of Node or is a global; undefined for any other. */
export function builtInPlace(value: object): BuiltInPlace | undefined {
  const global = pristineValue(value)
  if (global !== undefined) return { t: 'global', path: [global] }
  // Not in the types: a list of what Node has loaded of itself.
  const loaded = (process as { moduleLoadList?: readonly string[] }).moduleLoadList ?? []
  if (loaded.length !== seen) {
    places = collect(loaded)
    seen = loaded.length
  }
  return places.get(value)
}
