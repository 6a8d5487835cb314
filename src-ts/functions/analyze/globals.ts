import { types } from 'node:util'
import { runInNewContext } from 'node:vm'

import { Map, Object, Reflect, Set, String, process, globalObject } from '../../primordials.js'

// The globals that Node's documentation lists beyond the language, up to Node 26. `require`, `module`, `exports`, `__filename` and
// `__dirname` are variables of a CommonJS module, and not listed. The worker checks that its Node has the globals of a function.
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
  // A fresh context has the globals of the language, and nothing that the program has added.
  names ??= new Set([...(runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]), ...NODE_GLOBALS])
  return names
}

/** Whether every fresh process has the global. False for a property that the program has added to its global object. */
export function isPristineGlobal(name: string): boolean {
  return pristineNames().has(name)
}

// Runs no getter, because reading some globals loads them, and no trap of a Proxy that the program has put there.
function ownValue(holder: object, key: string): unknown {
  return types.isProxy(holder) ? undefined : Object.getOwnPropertyDescriptor(holder, key)?.value
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

const BEHIND_GETTERS = new Set(['process', 'Buffer', 'performance', 'crypto', 'navigator'])

/** The modules that Node has loaded. The property is not in the types. */
export function loadedBuiltIns(): readonly string[] {
  return (process as { moduleLoadList?: readonly string[] }).moduleLoadList ?? []
}

// Since Node 22 these globals have values that Node loads when the property is read. That takes up to 45 ms for the classes of `fetch`.
const LOADED_LATE: readonly (readonly [those: RegExp, module: string])[] = [
  [
    /^(?:FormData|Headers|Request|Response|(?:Close|Error|Message)Event|EventSource|WebSocket)$/,
    'internal/deps/undici/'
  ],
  [/Stream/, 'internal/webstreams/readablestream'],
  [/^crypto$/, 'internal/crypto/webcrypto']
]

/** The value of a global, if reading it loads nothing. Nobody can have a value that was never loaded. */
function globalValue(name: string): unknown {
  const late = LOADED_LATE.find(([those]) => those.test(name))
  const isLoaded = late === undefined || loadedBuiltIns().some((each) => each.startsWith(`NativeModule ${late[1]}`))
  if (!isLoaded) return undefined
  return BEHIND_GETTERS.has(name) ? Reflect.get(globalObject, name) : ownValue(globalObject, name)
}

/** Every object and function that can be reached from the global object, with the shortest path to it. */
export function globalPaths(): ReadonlyMap<object, readonly string[]> {
  const found = new Map<object, readonly string[]>()
  const add = (value: unknown, path: readonly string[]): void => {
    if (!isObject(value) || found.has(value)) return
    // A bound function that the program has put there is in no other process. (Node renames the bound functions of its console.)
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
  // Short paths first, so that the path is `parseFloat` and not `Number.parseFloat`.
  for (const [name, value] of holders) add(value, [name])
  for (const [name, value] of holders) {
    addMembers(value, [name])
    if (isObject(value)) addMembers(ownValue(value, 'prototype'), [name, 'prototype'])
  }
  add(process.hrtime.bigint, ['process', 'hrtime', 'bigint'])
  return found
}
