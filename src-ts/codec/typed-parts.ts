import { Buffer, Uint8Array } from '../primordials.js'
import { viewConstructors, viewNames, viewNumber } from './memory.js'
import { regionOf, withRelease } from './regions.js'

/** A typed array of any kind. */
export interface TypedArray extends ArrayBufferView {
  readonly length: number
  readonly [index: number]: unknown
  readonly BYTES_PER_ELEMENT: number
  set(source: TypedArray, offset?: number): void
}

type Make = new (from: ArrayBufferLike | TypedArray | number, byteOffset?: number, length?: number) => TypedArray

/** The name of an array's kind, such as `Float64Array`, whatever its class is. */
export function kindNameOf(array: TypedArray): string {
  return viewNames[viewNumber(array) ?? -1] ?? 'typed array'
}

function makerOf(array: TypedArray): Make {
  return (viewConstructors[viewNumber(array) ?? -1] ?? Uint8Array) as unknown as Make
}

function asBuffer(bytes: ArrayBufferView): TypedArray {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength) as unknown as TypedArray
}

/** Elements `start` to `end - 1`: a view if processes share the memory, otherwise a copy. A part of a Buffer is a Buffer. */
export function partOf(array: TypedArray, start: number, end: number): TypedArray {
  const make = makerOf(array)
  const view = new make(array.buffer, array.byteOffset + start * array.BYTES_PER_ELEMENT, end - start)
  const isShared = regionOf(array.buffer) !== undefined
  const part = isShared ? view : new make(view)
  return isKeptBuffer(array) ? asBuffer(part) : isShared ? withRelease(part) : part
}

/** An array of the same kind without elements. */
export function emptyOf(array: TypedArray): TypedArray {
  return joinParts([array], 0)
}

/**
 * All elements of arrays of one kind, one after the other. If all arrays are Buffers, it is a Buffer.
 * @param arrays At least one.
 * @param length The number of all elements, or 0 for an array without any.
 * @throws RangeError if there are too many elements, or no memory for them
 */
export function joinParts(arrays: readonly TypedArray[], length: number): TypedArray {
  const [first] = arrays as readonly [TypedArray]
  const joined = new (makerOf(first))(length)
  let at = 0
  if (length > 0) {
    for (const array of arrays) {
      joined.set(array, at)
      at += array.length
    }
  }
  return arrays.every(isKeptBuffer) ? asBuffer(joined) : joined
}

function isKeptBuffer(array: TypedArray): boolean {
  return array instanceof Buffer
}
