import { runInNewContext } from 'node:vm'
import { isNativeText, sourceOf } from './refusals.js'

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

let paths: ReadonlyMap<object, readonly string[]> | undefined

// Reads no getter: some globals are loaded by being read.
function ownValue(holder: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(holder, key)?.value
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function collectPaths(): ReadonlyMap<object, readonly string[]> {
  const found = new Map<object, readonly string[]>()
  const add = (value: unknown, path: readonly string[]): void => {
    if (typeof value !== 'function' || found.has(value) || !isNativeText(sourceOf(value))) return
    // A bound function that somebody put there is in no other process. (Node renames those of its console.)
    if (!String(ownValue(value, 'name')).startsWith('bound ')) found.set(value, path)
  }
  const holders = [...pristineNames()].filter((name) => name !== 'globalThis' && name !== 'global')
  // Short paths first: parseFloat rather than Number.parseFloat.
  for (const name of holders) add(ownValue(globalThis, name), [name])
  for (const name of holders) {
    const holder = ownValue(globalThis, name)
    if (!isObject(holder)) continue
    for (const key of Object.getOwnPropertyNames(holder)) add(ownValue(holder, key), [name, key])
    const prototype = ownValue(holder, 'prototype')
    if (!isObject(prototype)) continue
    for (const key of Object.getOwnPropertyNames(prototype)) add(ownValue(prototype, key), [name, 'prototype', key])
  }
  return found
}

/** Where a native function is to be found in every process, such as `['Math', 'sqrt']`; undefined if nowhere. */
export function globalPath(fn: object): readonly string[] | undefined {
  paths ??= collectPaths()
  return paths.get(fn)
}

let values: ReadonlyMap<unknown, string> | undefined

/** The name of a global that holds this very object, such as `Math`; undefined where none does. */
export function pristineValue(value: object): string | undefined {
  values ??= new Map(
    [...pristineNames()]
      .map((name): [unknown, string] => [ownValue(globalThis, name), name])
      .filter(([held]) => isObject(held))
      .toReversed()
      // Behind getters, but loaded in every process.
      .concat([
        [process, 'process'],
        [performance, 'performance']
      ])
  )
  return values.get(value)
}
