import { types } from 'node:util'

import {
  Buffer,
  DataView,
  Map,
  Object,
  String,
  Symbol,
  Uint8Array,
  WeakSet,
  process,
  globalObject
} from '../primordials.js'

/** Members of ArrayBuffer that the lib of ES2023 does not have. */
export interface ModernArrayBuffer extends ArrayBuffer {
  readonly resizable?: boolean
  readonly maxByteLength?: number
  readonly resize?: (byteLength: number) => void
}

/** The classes of views. The index of a class is its number in a message. Float16Array may be missing. */
export const viewNames: readonly string[] = `
  Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array
  Float32Array Float64Array BigInt64Array BigUint64Array DataView Float16Array
`
  .trim()
  .split(/\s+/)

type ViewConstructor = new (buffer: ArrayBuffer, byteOffset: number, length?: number) => ArrayBufferView

/** The constructors in the order of {@linkcode viewNames}. */
export const viewConstructors: readonly (ViewConstructor | undefined)[] = viewNames.map(
  (name) => (globalObject as unknown as Readonly<Record<string, ViewConstructor | undefined>>)[name]
)

/** The kinds of typed arrays that this version of Node has, with their names. */
export const typedArrays: readonly (readonly [name: string, constructor: ViewConstructor])[] = viewNames.flatMap(
  (name, number) => {
    const constructor = viewConstructors[number]
    return constructor === undefined || name === 'DataView' ? [] : [[name, constructor] as const]
  }
)

const numbers = new Map(viewNames.map((name, number) => [name, number]))
const nameOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get

/** The number of a view's class, whatever its prototype is. undefined for an unknown class. */
export function viewNumber(view: ArrayBufferView): number | undefined {
  return numbers.get(String(nameOf?.call(view) ?? 'DataView'))
}

const at = Uint8Array.prototype.at
const byteLengthOf = Object.getOwnPropertyDescriptor(DataView.prototype, 'byteLength')?.get

/** Whether the buffer was detached. */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength !== 0) return false
  try {
    return new Uint8Array(buffer).length !== 0
  } catch {
    return true
  }
}

/** Whether a view has lost its memory, because the buffer was detached or has become too short. */
export function isOutOfBounds(view: ArrayBufferView): boolean {
  try {
    // A method throws in that case, whereas the lengths read as 0.
    if (types.isDataView(view)) byteLengthOf?.call(view)
    else at.call(view as Uint8Array, 0)
    return false
  } catch {
    return true
  }
}

/**
 * Whether a view's length follows its resizable buffer. The only way to know is to resize the buffer for a moment. No other code runs
 * meanwhile, and the bytes are restored.
 */
export function isTracking(view: ArrayBufferView): boolean {
  const buffer = view.buffer as ModernArrayBuffer
  const { byteLength, maxByteLength = byteLength } = buffer
  const { byteLength: seen } = view
  const unit = (view as Partial<Uint8Array>).BYTES_PER_ELEMENT ?? 1
  if (buffer.resizable !== true || view.byteOffset + seen + unit <= byteLength) return false
  if (byteLength + unit <= maxByteLength) {
    buffer.resize?.(byteLength + unit)
    const grown = view.byteLength
    buffer.resize?.(byteLength)
    return grown !== seen
  }
  if (seen < unit) return false
  const kept = view.byteOffset + seen - unit
  const saved = new Uint8Array(buffer).slice(kept)
  buffer.resize?.(kept)
  const follows = !isOutOfBounds(view)
  buffer.resize?.(byteLength)
  new Uint8Array(buffer).set(saved, kept)
  return follows
}

/** Views that are sent without the rest of their memory. */
const parts = new WeakSet<ArrayBufferView>()

/** From now on the view is sent as an array of its own, without the rest of its memory. */
export function sendAlone<V extends ArrayBufferView>(view: V): V {
  parts.add(view)
  return view
}

interface MaybeMarked {
  readonly isMarkedAsUntransferable?: (value: unknown) => boolean
}

/** Whether a view is sent without the rest of its memory: parts of larger input, and of the memory pool of small Buffers. */
export function isSentAlone(view: ArrayBufferView): boolean {
  const { buffer } = view
  if (parts.has(view)) return true
  if (view.byteLength === buffer.byteLength) return false
  const { isMarkedAsUntransferable } = process.getBuiltinModule('node:worker_threads') as MaybeMarked
  // Only newer versions of Node tell. In older ones the size decides: a part of a buffer of exactly that size is sent without the rest.
  if (isMarkedAsUntransferable !== undefined) return isMarkedAsUntransferable(buffer)
  return buffer.byteLength === Buffer.poolSize
}
