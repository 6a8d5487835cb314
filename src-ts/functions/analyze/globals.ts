import { types } from 'node:util'
import { runInNewContext } from 'node:vm'

import { Map, Object, Reflect, Set, String, process, globalObject } from '../../primordials.js'

// What Node's documentation lists beyond the language, up to Node 26. Not `require`, `module`, `exports`, `__filename` and
// `__dirname`: these are variables of a CommonJS module. The worker checks that its Node has what a function uses.
const NODE_GLOBALS = `
  AbortController AbortSignal atob Blob BroadcastChannel btoa Buffer ByteLengthQueuingStrategy clearImmediate clearInterval
  clearTimeout CloseEvent CompressionStream console CountQueuingStrategy crypto Crypto CryptoKey CustomEvent
  DecompressionStream DOMException ErrorEvent Event EventSource EventTarget fetch File FormData global Headers localStorage
  MessageChannel MessageEvent MessagePort Navigator navigator performance Performance PerformanceEntry PerformanceMark
  PerformanceMeasure PerformanceObserver PerformanceObserverEntryList PerformanceResourceTiming process queueMicrotask
  QuotaExceededError ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest
  ReadableStreamDefaultController ReadableStreamDefaultReader Request Response sessionStorage setImmediate setInterval
  setTimeout Storage structuredClone SubtleCrypto TextDecoder TextDecoderStream TextEncoder TextEncoderStream
  TransformStream TransformStreamDefaultController URL URLPattern URLSearchParams WebAssembly WebSocket
  WritableStream WritableStreamDefaultController WritableStreamDefaultWriter
`
  .trim()
  .split(/\s+/)

let names: ReadonlySet<string> | undefined

function pristineNames(): ReadonlySet<string> {
  // A fresh context has what this engine's language has, and nothing that was added since.
  names ??= new Set([...(runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]), ...NODE_GLOBALS])
  return names
}

/** True for what every fresh process has; false for a property that somebody added to this one's global object. */
export function isPristineGlobal(name: string): boolean {
  return pristineNames().has(name)
}

// Reads no getter: some globals are loaded by being read. A Proxy that somebody put in their place would run its traps.
function ownValue(holder: object, key: string): unknown {
  return types.isProxy(holder) ? undefined : Object.getOwnPropertyDescriptor(holder, key)?.value
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

const BEHIND_GETTERS = new Set(['process', 'Buffer', 'performance', 'crypto', 'navigator'])

/** What Node has loaded of itself; not in the types. */
export function loadedBuiltIns(): readonly string[] {
  return (process as { moduleLoadList?: readonly string[] }).moduleLoadList ?? []
}

/** The value of a global where having it loads nothing. */
function globalValue(name: string): unknown {
  const isLoaded = name !== 'crypto' || loadedBuiltIns().includes('NativeModule internal/crypto/webcrypto')
  return BEHIND_GETTERS.has(name) && isLoaded ? Reflect.get(globalObject, name) : ownValue(globalObject, name)
}

/** Every object and function that is to be found from the global object, with the shortest way to it. */
export function globalPaths(): ReadonlyMap<object, readonly string[]> {
  const found = new Map<object, readonly string[]>()
  const add = (value: unknown, path: readonly string[]): void => {
    if (!isObject(value) || found.has(value)) return
    // A bound function that somebody put there is in no other process. (Node renames those of its console.)
    if (typeof value === 'function' ? !String(ownValue(value, 'name')).startsWith('bound ') : path.length === 1) {
      found.set(value, path)
    }
  }
  const addMembers = (holder: unknown, path: readonly string[]): void => {
    if (!isObject(holder) || types.isProxy(holder)) return
    for (const key of Object.getOwnPropertyNames(holder)) add(ownValue(holder, key), [...path, key])
  }
  const isSelf = (name: string): boolean => name === 'globalThis' || name === 'global'
  const holders = [...pristineNames()].filter((name) => !isSelf(name)).map((name) => [name, globalValue(name)] as const)
  add(globalObject, ['globalThis'])
  // Short paths first: parseFloat rather than Number.parseFloat.
  for (const [name, value] of holders) add(value, [name])
  for (const [name, value] of holders) {
    addMembers(value, [name])
    if (isObject(value)) addMembers(ownValue(value, 'prototype'), [name, 'prototype'])
  }
  add(process.hrtime.bigint, ['process', 'hrtime', 'bigint'])
  return found
}
