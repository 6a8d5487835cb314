import { types } from 'node:util'

import { makeRegion, provideRegions, withRelease } from '../codec/index.js'
import { memoryOfRegions } from '../binding.js'
import { atEntry, SharedMemoryError } from '../errors/index.js'
import { Error, String, Uint8Array } from '../primordials.js'
import type { SharedArray, TypedArrayKind, TypedArrayOf } from '../types/index.js'
import { type Kind, readKind } from './kinds.js'
import { readSource, type TypedArray } from './source.js'

provideRegions(memoryOfRegions)

/**
 * Makes a typed array in memory that all processes share. In arguments, results, captured variables and the like it travels as a handle:
 * nothing is copied, however large it is, and each process sees at once what another one writes. `subarray` and other views of its buffer
 * travel in the same way. The memory is freed when the last process has let go of it, or has died.
 *
 * `Atomics` work between processes on arrays of integers, except for `Atomics.wait` and `Atomics.notify`. To transfer the array is
 * impossible, and `structuredClone` copies its elements.
 * @param kind The constructor of a typed array, such as `Float64Array`.
 * @param lengthOrSource The number of elements, which are 0, or elements to be copied: a typed array, an array or another iterable.
 * @throws TypeError or RangeError (`ERR_POOL_INVALID_OPTION`) if an argument is wrong
 * @throws {@linkcode SharedMemoryError} if there is no memory for it
 * @example
 * const table = sharedArray(Float64Array, 1_000_000)
 * const sums = await pool.map((row: number) => table.subarray(row * 1000, (row + 1) * 1000).reduce((a, b) => a + b), rows)
 */
export function sharedArray<A extends TypedArrayOf<number>>(
  kind: TypedArrayKind<A>,
  lengthOrSource: number | Iterable<number>
): SharedArray<A>
export function sharedArray<A extends TypedArrayOf<bigint>>(
  kind: TypedArrayKind<A>,
  lengthOrSource: number | Iterable<bigint>
): SharedArray<A>
export function sharedArray(kind: unknown, lengthOrSource: unknown): SharedArray<TypedArray> {
  return atEntry(sharedArray, () => {
    const read = readKind(kind)
    return withRelease(fill(read, lengthOrSource))
  })
}

function fill(kind: Kind, lengthOrSource: unknown): TypedArray {
  const source = readSource(lengthOrSource, kind)
  if ('length' in source) return make(kind, source.length)
  if ('elements' in source) return make(kind, source.elements.length, new kind.make(source.elements))
  const { array } = source
  // Other threads may write shared memory of JavaScript's meanwhile, and another kind has to be converted.
  const isCopied = array.constructor === kind.make && !types.isSharedArrayBuffer(array.buffer)
  if (isCopied) return make(kind, array.length, array)
  const made = make(kind, array.length)
  made.set(array)
  return made
}

function make(kind: Kind, length: number, content?: TypedArray): ReturnType<typeof view> {
  const bytes = length * kind.bytesPerElement
  // Without elements there is nothing to share.
  if (bytes === 0) return view(kind, 0)
  try {
    const copied = content && new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
    return view(kind, makeRegion(bytes, copied))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new SharedMemoryError(bytes, reason, { cause })
  }
}

function view(kind: Kind, buffer: ArrayBuffer | number): InstanceType<Kind['make']> {
  return new kind.make(buffer)
}
