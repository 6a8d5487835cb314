import { types } from 'node:util'

import { Buffer, Uint8Array } from '../primordials.js'
import { sendAlone, viewConstructors, viewNames, viewNumber } from './memory.js'
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

/**
 * Elements `start` to `end - 1`, as a view of the same memory. If processes share that, it is sent as a view, otherwise as an array of its
 * own. A part of a SharedArrayBuffer is a copy, because such a buffer cannot be sent. A part of a Buffer is a Buffer.
 */
export function partOf(array: TypedArray, start: number, end: number): TypedArray {
  const make = makerOf(array)
  const view = new make(array.buffer, array.byteOffset + start * array.BYTES_PER_ELEMENT, end - start)
  const isRegion = regionOf(array.buffer) !== undefined
  const part = types.isSharedArrayBuffer(array.buffer) ? new make(view) : view
  if (isKeptBuffer(array)) return asBuffer(part)
  return isRegion ? withRelease(part) : sendAlone(part)
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
