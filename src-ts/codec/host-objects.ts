import {
  Intl,
  Map,
  Object,
  Set,
  Symbol,
  clearImmediate,
  clearTimeout,
  process,
  setImmediate,
  setTimeout,
  globalObject
} from '../primordials.js'

// Classes of Node and of the web whose objects keep their data where a copy cannot reach it. A copy would arrive empty.
const globalNames = new Set(
  `
    URL URLSearchParams URLPattern Headers Request Response
    FormData Blob File WebSocket EventTarget Event
    AbortSignal AbortController MessagePort MessageChannel BroadcastChannel ReadableStream
    ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamDefaultController ReadableByteStreamController ReadableStreamBYOBRequest WritableStream
    WritableStreamDefaultWriter WritableStreamDefaultController TransformStream TransformStreamDefaultController CompressionStream DecompressionStream
    TextDecoderStream TextEncoderStream ByteLengthQueuingStrategy CountQueuingStrategy TextEncoder TextDecoder
    CryptoKey Crypto SubtleCrypto Performance PerformanceEntry PerformanceObserver
    EventSource Storage Navigator LockManager WeakRef WeakMap
    WeakSet FinalizationRegistry Promise ShadowRealm DisposableStack AsyncDisposableStack
  `
    .trim()
    .split(/\s+/)
)

const moduleNames = new Map([
  ['Stream', 'node:stream'],
  ['Worker', 'node:worker_threads'],
  ['KeyObject', 'node:crypto'],
  ['Hash', 'node:crypto'],
  ['Hmac', 'node:crypto'],
  ['Sign', 'node:crypto'],
  ['Verify', 'node:crypto'],
  ['ECDH', 'node:crypto'],
  ['DiffieHellman', 'node:crypto'],
  ['X509Certificate', 'node:crypto'],
  ['Server', 'node:net'],
  ['Socket', 'node:dgram'],
  ['ChildProcess', 'node:child_process'],
  ['AsyncLocalStorage', 'node:async_hooks'],
  ['AsyncResource', 'node:async_hooks'],
  ['Dir', 'node:fs'],
  ['Script', 'node:vm'],
  ['Session', 'node:inspector']
])

// The symbols by which Node's classes let a MessagePort clone or move their objects.
const portSymbols = new Set(['messaging_clone_symbol', 'messaging_transfer_symbol'])

const iteratorPrototypes = new Set<unknown>([
  Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())),
  Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})())))
])

function withArticle(name: string): string {
  return `${/^[AEIOaeio]/.test(name) ? 'an' : 'a'} ${name}`
}

function member(holder: unknown, name: string): unknown {
  return (holder as Readonly<Record<string, unknown>>)[name]
}

function isTimerClass(constructor: unknown): boolean {
  const timer = setTimeout(() => undefined, 0)
  clearTimeout(timer)
  const immediate = setImmediate(() => undefined)
  clearImmediate(immediate)
  return constructor === timer.constructor || constructor === immediate.constructor
}

// A name proves nothing, because users have classes named Event or Request. The real class is only looked up after a match by name,
// because reading some globals loads half of Node.
function isHostClass(name: string, constructor: unknown, tag: unknown): boolean {
  if (globalNames.has(name) && (tag === name || member(globalObject, name) === constructor)) return true
  if (name === 'Timeout' || name === 'Immediate') return isTimerClass(constructor)
  const module = moduleNames.get(name)
  return module !== undefined && member(process.getBuiltinModule(module), name) === constructor
}

/** The name of the class whose prototype this is, without running a getter. */
export function classNameOf(prototype: object): { readonly name: string; readonly constructor: unknown } {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  const name: unknown =
    typeof constructor === 'function' ? Object.getOwnPropertyDescriptor(constructor, 'name')?.value : undefined
  return { name: typeof name === 'string' ? name : '', constructor }
}

/** The kind of host object that has this prototype in its chain, such as `a URL`. undefined for any other class. */
export function hostKindOf(prototype: object): string | undefined {
  if (iteratorPrototypes.has(prototype)) return 'an iterator'
  const { name, constructor } = classNameOf(prototype)
  const tag: unknown = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value
  if (typeof tag === 'string' && /^(?:Intl|WebAssembly|Temporal)\./.test(tag)) return withArticle(tag)
  if (name !== '' && member(Intl, name) === constructor) return withArticle(`Intl.${name}`)
  // A MessagePort can clone it too, but it is an error, which the codec handles.
  if (tag === 'DOMException') return undefined
  if (isHostClass(name, constructor, tag)) return withArticle(name)
  const isPortable = Object.getOwnPropertySymbols(prototype).some((key) => portSymbols.has(key.description ?? ''))
  return isPortable ? withArticle(name === '' ? 'host object' : name) : undefined
}
