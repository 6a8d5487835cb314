/**
 * The globals that the library uses, as they were when it was loaded. A program or a task may replace them later (fake timers, zones,
 * polyfills), which changes nothing here. All other files import globals from this file, under their usual names, and the linter refuses
 * the globals themselves.
 *
 * Some do not come from the global object, because the realm of a test runner lacks them or has replaced them already.
 */
import nodeBuffer from 'node:buffer'
import nodeTimers from 'node:timers'
import nodeUrl from 'node:url'
import nodeUtil from 'node:util'

const { Object: object, Reflect: reflect, process: node } = globalThis
const { defineProperty: defineOwn, getOwnPropertyDescriptor, keys: keysOf } = object
const { apply, defineProperty, deleteProperty, ownKeys } = reflect
const { isArray } = globalThis.Array

export const globalObject: typeof globalThis = globalThis

/**
 * The globals of the language, and those that Node itself uses. The others are left out: since Node 22, reading the property of `FormData`
 * or of a class of streams loads its module, which takes up to 45 ms.
 */
const RESTORED =
  'Object Function Array Number parseFloat parseInt Boolean String Symbol Date Promise RegExp Error AggregateError EvalError RangeError ' +
  'ReferenceError SyntaxError TypeError URIError globalThis JSON Math Intl ArrayBuffer SharedArrayBuffer Atomics Uint8Array Int8Array ' +
  'Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array Uint8ClampedArray BigUint64Array BigInt64Array DataView ' +
  'Map BigInt Set Iterator WeakMap WeakSet WeakRef Proxy Reflect FinalizationRegistry isFinite isNaN encodeURIComponent ' +
  'decodeURIComponent console process global Buffer setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate queueMicrotask URL ' +
  'URLSearchParams DOMException Event EventTarget TextEncoder TextDecoder'

// Globals behind getters are left out too. Node replaces the getter with a value at the first use.
const originals = /* @__PURE__ */ RESTORED.split(' ').flatMap((key) => {
  const property = getOwnPropertyDescriptor(globalThis, key)
  return property !== undefined && 'value' in property && property.configurable === true ? [{ key, property }] : []
})

/**
 * Runs foreign code that looks globals up when it runs, such as a parser or code that Node loads late. Replaced globals are restored
 * meanwhile.
 */
export function withOriginalGlobals<T>(act: () => T): T {
  const replaced: { readonly key: PropertyKey; readonly property: PropertyDescriptor | undefined }[] = []
  try {
    for (const { key, property } of originals) {
      const present = getOwnPropertyDescriptor(globalObject, key)
      if (present !== undefined && 'value' in present && present.value === property.value) continue
      if (defineProperty(globalObject, key, property)) replaced.push({ key, property: present })
    }
    return act()
  } finally {
    for (const { key, property } of replaced) {
      if (property === undefined) deleteProperty(globalObject, key)
      else defineProperty(globalObject, key, property)
    }
  }
}

/** A copy of the members of a namespace, so that a replaced `Object.keys` has no effect. It cannot be called. */
function snapshot<T extends object>(namespace: T): T {
  const copy = {}
  for (const key of ownKeys(namespace)) {
    object.defineProperty(copy, key, { value: reflect.get(namespace, key), enumerable: true })
  }
  return copy as T
}

/** Without a prototype. If somebody adds `get` to Object.prototype, every property descriptor with a prototype is invalid. */
function bare(descriptor: PropertyDescriptor): PropertyDescriptor {
  return { __proto__: null, ...descriptor } as PropertyDescriptor
}

/**
 * A collection class with methods of its own, because tools patch the shared ones. Collections that users receive are of the class that
 * they know, such as `UserMap`.
 */
function guarded<C extends new (...args: never[]) => object>(original: C, safe: C): C {
  for (const key of ownKeys(original.prototype as object)) {
    if (key === 'constructor') continue
    defineProperty(safe.prototype as object, key, bare(getOwnPropertyDescriptor(original.prototype, key) ?? {}))
  }
  return safe
}

function hasToJson(): boolean {
  // An array inherits from both.
  return 'toJSON' in []
}

/** `JSON.stringify` of plain data, without calling a `toJSON` that somebody has put on a prototype. */
function plainText(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return json.stringify(value)
  let text = ''
  if (isArray(value)) {
    for (let at = 0; at < value.length; at++) text += `${at === 0 ? '' : ','}${plainText(value[at]) ?? 'null'}`
    return `[${text}]`
  }
  const keys = keysOf(value)
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] ?? ''
    const member = plainText((value as Readonly<Record<string, unknown>>)[key])
    if (member !== undefined) text += `${text === '' ? '' : ','}${json.stringify(key)}:${member}`
  }
  return `{${text}}`
}

export const Array: ArrayConstructor = snapshot(globalThis.Array)
export const Atomics: Atomics = snapshot(globalThis.Atomics)
const json: JSON = snapshot(globalThis.JSON)
export const JSON: Pick<JSON, 'parse'> & { stringify(value: unknown): string } = {
  parse: json.parse,
  stringify: (value) => (hasToJson() ? plainText(value) : json.stringify(value)) as string
}
export const Math: Math = snapshot(globalThis.Math)
export const Number: NumberConstructor = snapshot(globalThis.Number)
export const Object: ObjectConstructor = {
  ...snapshot(globalThis.Object),
  defineProperty: (target, key, descriptor) => defineOwn(target, key, bare(descriptor)),
  defineProperties: (target, descriptors) => {
    for (const key of ownKeys(descriptors)) defineOwn(target, key, bare(descriptors[key] ?? {}))
    return target
  }
} as ObjectConstructor
export const Reflect: typeof globalThis.Reflect = {
  ...snapshot(globalThis.Reflect),
  defineProperty: (target, key, descriptor) => defineProperty(target, key, bare(descriptor))
}
const hasInstance = globalThis.Function.prototype[globalThis.Symbol.hasInstance]

/** `value instanceof constructor`, if the class does not override it. */
export function isInstanceOf(value: unknown, constructor: unknown): boolean {
  return apply(hasInstance, constructor, [value]) as boolean
}

export const isView: ArrayBufferConstructor['isView'] = globalThis.ArrayBuffer.isView
export const asIntN: BigIntConstructor['asIntN'] = globalThis.BigInt.asIntN
export const fromCharCode: StringConstructor['fromCharCode'] = globalThis.String.fromCharCode
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
export const Float64Array: typeof globalThis.Float64Array = globalThis.Float64Array
export const Function: typeof globalThis.Function = globalThis.Function
export const Int32Array: typeof globalThis.Int32Array = globalThis.Int32Array
export const Intl: typeof globalThis.Intl = globalThis.Intl
export const Map: typeof globalThis.Map = guarded(
  globalThis.Map,
  class<K, V> extends globalThis.Map<K, V> {} as typeof globalThis.Map
)
export const UserMap: typeof globalThis.Map = globalThis.Map
export const Proxy: typeof globalThis.Proxy = globalThis.Proxy
export const RangeError: typeof globalThis.RangeError = globalThis.RangeError
export const ReferenceError: typeof globalThis.ReferenceError = globalThis.ReferenceError
export const RegExp: typeof globalThis.RegExp = globalThis.RegExp
export const Set: typeof globalThis.Set = guarded(
  globalThis.Set,
  class<T> extends globalThis.Set<T> {} as typeof globalThis.Set
)
export const SharedArrayBuffer: typeof globalThis.SharedArrayBuffer = globalThis.SharedArrayBuffer
export const UserSet: typeof globalThis.Set = globalThis.Set
export const String: typeof globalThis.String = globalThis.String
export const Symbol: typeof globalThis.Symbol = globalThis.Symbol
export const SyntaxError: typeof globalThis.SyntaxError = globalThis.SyntaxError
export const TypeError: typeof globalThis.TypeError = globalThis.TypeError
export const URIError: typeof globalThis.URIError = globalThis.URIError
export const Uint32Array: typeof globalThis.Uint32Array = globalThis.Uint32Array
export const Uint8Array: typeof globalThis.Uint8Array = globalThis.Uint8Array
export const WeakMap: typeof globalThis.WeakMap = guarded(
  globalThis.WeakMap,
  class<K extends WeakKey, V> extends globalThis.WeakMap<K, V> {} as typeof globalThis.WeakMap
)
export const WeakRef: typeof globalThis.WeakRef = globalThis.WeakRef
export const WeakSet: typeof globalThis.WeakSet = guarded(
  globalThis.WeakSet,
  class<T extends WeakKey> extends globalThis.WeakSet<T> {} as typeof globalThis.WeakSet
)

/** The promise class of the language, which async functions return. `Promise` may have been replaced before. */
export const Promise: PromiseConstructor = (async () => undefined)().constructor as PromiseConstructor
const { then: promiseThen } = Promise.prototype

const { resolve: resolveWith, reject: rejectWith } = Promise
/** `Promise.resolve(value)`. */
export function promiseOf<T>(value: T): Promise<Awaited<T>> {
  return apply(resolveWith, Promise, [value]) as Promise<Awaited<T>>
}

/** `Promise.reject(reason)`. */
export function rejection(reason: unknown): Promise<never> {
  return apply(rejectWith, Promise, [reason]) as Promise<never>
}

/** `promise.then(...)` of the language. */
export function afterwards<T, A, B = never>(
  promise: Promise<T>,
  fulfilled: ((value: T) => A | PromiseLike<A>) | undefined,
  rejected?: (reason: unknown) => B | PromiseLike<B>
): Promise<A | B> {
  return apply(promiseThen, promise, [fulfilled, rejected]) as Promise<A | B>
}

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

/** `performance.now`: milliseconds of a clock that is never adjusted, with fractions. */
// Only workers use it. The annotation lets the build leave it out elsewhere: Node loads a module for it.
export const monotonicMs: () => number = /* @__PURE__ */ monotonicClock()

/** The process. Its replaceable members are exported separately. */
export const process: NodeJS.Process = node
export const cwd: () => string = node.cwd
export const emitWarning: typeof process.emitWarning = node.emitWarning.bind(node)
export const exit: (code: number) => never = node.exit.bind(node)
export const getActiveResourcesInfo: () => string[] = node.getActiveResourcesInfo
export const hrtime: NodeJS.HRTime = node.hrtime
export const kill: typeof process.kill = node.kill.bind(node)
export const nextTick: (callback: () => void) => void = node.nextTick.bind(node)
export const residentBytes: () => number = node.memoryUsage.rss

function monotonicClock(): () => number {
  // Node has a getter here until somebody replaces it.
  const isOwn = getOwnPropertyDescriptor(globalThis, 'performance')?.get !== undefined
  const clock = isOwn ? globalThis.performance : node.getBuiltinModule('node:perf_hooks').performance
  // Bun has it on the object alone.
  const { now: read = clock.now } = reflect.getPrototypeOf(clock) as Partial<typeof clock>
  return read.bind(clock)
}
