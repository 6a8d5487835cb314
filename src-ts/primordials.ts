/**
 * The globals that the library uses, as they were when it was loaded. A program or a task may replace them afterwards (fake
 * timers, zones, polyfills), and that changes nothing here. The other files import them from this one by the names that
 * they know, and the linter refuses the globals themselves.
 *
 * Some are not taken from the global object: a realm of a test runner lacks them, or they may be faked there already.
 */
import nodeBuffer from 'node:buffer'
import nodeTimers from 'node:timers'
import nodeUrl from 'node:url'
import nodeUtil from 'node:util'

const { Object: object, Reflect: reflect, process: node } = globalThis

/** A copy of what a namespace holds, so that a replaced `Object.keys` is not seen either. It cannot be called. */
function snapshot<T extends object>(namespace: T): T {
  const copy = {}
  for (const key of reflect.ownKeys(namespace)) {
    object.defineProperty(copy, key, { value: reflect.get(namespace, key), enumerable: true })
  }
  return copy as T
}

export const Array: ArrayConstructor = snapshot(globalThis.Array)
export const Atomics: Atomics = snapshot(globalThis.Atomics)
export const JSON: JSON = snapshot(globalThis.JSON)
export const Math: Math = snapshot(globalThis.Math)
export const Number: NumberConstructor = snapshot(globalThis.Number)
export const Object: ObjectConstructor = snapshot(globalThis.Object)
export const Reflect: typeof globalThis.Reflect = snapshot(globalThis.Reflect)
const hasInstance = globalThis.Function.prototype[globalThis.Symbol.hasInstance]

/** `value instanceof constructor`, where the class says nothing else. */
export function isInstanceOf(value: unknown, constructor: unknown): boolean {
  return reflect.apply(hasInstance, constructor, [value]) as boolean
}

/** `Object(value)`. */
export const toObject: (value: unknown) => object = object

export const AbortController: typeof globalThis.AbortController = globalThis.AbortController
export const AbortSignal: typeof globalThis.AbortSignal = globalThis.AbortSignal
export const AggregateError: typeof globalThis.AggregateError = globalThis.AggregateError
export const ArrayBuffer: typeof globalThis.ArrayBuffer = globalThis.ArrayBuffer
export const BigInt: typeof globalThis.BigInt = globalThis.BigInt
export const Boolean: typeof globalThis.Boolean = globalThis.Boolean
export const DOMException: typeof globalThis.DOMException = globalThis.DOMException
export const DataView: typeof globalThis.DataView = globalThis.DataView
export const Date: typeof globalThis.Date = globalThis.Date
export const Error: typeof globalThis.Error = globalThis.Error
export const EvalError: typeof globalThis.EvalError = globalThis.EvalError
export const FinalizationRegistry: typeof globalThis.FinalizationRegistry = globalThis.FinalizationRegistry
export const Function: typeof globalThis.Function = globalThis.Function
export const Int32Array: typeof globalThis.Int32Array = globalThis.Int32Array
export const Intl: typeof globalThis.Intl = globalThis.Intl
export const Map: typeof globalThis.Map = globalThis.Map
export const Proxy: typeof globalThis.Proxy = globalThis.Proxy
export const RangeError: typeof globalThis.RangeError = globalThis.RangeError
export const ReferenceError: typeof globalThis.ReferenceError = globalThis.ReferenceError
export const RegExp: typeof globalThis.RegExp = globalThis.RegExp
export const Set: typeof globalThis.Set = globalThis.Set
export const SharedArrayBuffer: typeof globalThis.SharedArrayBuffer = globalThis.SharedArrayBuffer
export const String: typeof globalThis.String = globalThis.String
export const Symbol: typeof globalThis.Symbol = globalThis.Symbol
export const SyntaxError: typeof globalThis.SyntaxError = globalThis.SyntaxError
export const TypeError: typeof globalThis.TypeError = globalThis.TypeError
export const URIError: typeof globalThis.URIError = globalThis.URIError
export const Uint32Array: typeof globalThis.Uint32Array = globalThis.Uint32Array
export const Uint8Array: typeof globalThis.Uint8Array = globalThis.Uint8Array
export const WeakMap: typeof globalThis.WeakMap = globalThis.WeakMap
export const WeakRef: typeof globalThis.WeakRef = globalThis.WeakRef
export const WeakSet: typeof globalThis.WeakSet = globalThis.WeakSet

/** The promise of the language itself, which async functions return: `Promise` may have been replaced before. */
export const Promise: PromiseConstructor = (async () => undefined)().constructor as PromiseConstructor

export const Buffer: typeof globalThis.Buffer = nodeBuffer.Buffer
export const TextDecoder: typeof nodeUtil.TextDecoder = nodeUtil.TextDecoder
export const TextEncoder: typeof nodeUtil.TextEncoder = nodeUtil.TextEncoder
export const URL: typeof nodeUrl.URL = nodeUrl.URL

export const setTimeout: typeof nodeTimers.setTimeout = nodeTimers.setTimeout
export const clearTimeout: typeof nodeTimers.clearTimeout = nodeTimers.clearTimeout
export const setInterval: typeof nodeTimers.setInterval = nodeTimers.setInterval
export const clearInterval: typeof nodeTimers.clearInterval = nodeTimers.clearInterval
export const setImmediate: typeof nodeTimers.setImmediate = nodeTimers.setImmediate
export const clearImmediate: typeof nodeTimers.clearImmediate = nodeTimers.clearImmediate
export const queueMicrotask: (callback: () => void) => void = globalThis.queueMicrotask

/** Milliseconds of a clock that is never set, with fractions: `performance.now`. */
export const monotonicMs: () => number = monotonicClock()

/** The process; what may be replaced of it is beside it. */
export const process: NodeJS.Process = node
export const cwd: () => string = node.cwd
export const emitWarning: typeof process.emitWarning = node.emitWarning.bind(node)
export const exit: (code: number) => never = node.exit.bind(node)
export const getActiveResourcesInfo: () => string[] = node.getActiveResourcesInfo
export const hrtime: NodeJS.HRTime = node.hrtime
export const kill: typeof process.kill = node.kill.bind(node)
export const residentBytes: () => number = node.memoryUsage.rss

function monotonicClock(): () => number {
  // Node has a getter there until somebody has put something in its place.
  const isOwn = object.getOwnPropertyDescriptor(globalThis, 'performance')?.get !== undefined
  const clock = isOwn ? globalThis.performance : node.getBuiltinModule('node:perf_hooks').performance
  const { now: read } = reflect.getPrototypeOf(clock) as typeof clock
  return read.bind(clock)
}
