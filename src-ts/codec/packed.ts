import { Float64Array, Int32Array, Math, Uint8Array } from '../primordials.js'
import { END } from './tags.js'

/*
 * A block is a list of numbers without tags. It stands where the first of several values would be, and nothing follows it:
 *
 *   END (u8), kind (u8), 0 (u16), count (u32), the numbers
 *
 * No value begins with END. A block starts at a multiple of 8 bytes, so its numbers are read and written by typed arrays. They are 32-bit
 * integers if all of them are, and -0 is none. Otherwise they are doubles. A block of results may have constants in place of numbers, a
 * byte each: undefined, null, false and true, which predicates and functions with side effects return (`constants.ts`).
 */

export type Numbers = Int32Array | Float64Array

export const BLOCK_HEADER_BYTES = 8

export const INTEGERS = 1
export const DOUBLES = 2
export const CONSTANTS = 3

/** Whether the values from `start` on are a block. */
export function isBlock(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === END
}

/**
 * The numbers of the block at `start`, in place. The bytes are not trusted.
 * @returns undefined if the bytes up to `end` are not exactly one block
 */
export function readBlock(bytes: Uint8Array, start: number, end: number): Numbers | undefined {
  const numbers = readBlockStart(bytes, start, end)
  if (numbers === undefined) return undefined
  const isWhole = start + BLOCK_HEADER_BYTES + numbers.byteLength === end
  return isWhole && numbers.length === countAt(bytes, start) ? numbers : undefined
}

/**
 * The numbers of the block at `start` as far as the bytes up to `end` have them, in place or copied.
 * @returns undefined if there is no block
 */
export function readBlockStart(bytes: Uint8Array, start: number, end: number): Numbers | undefined {
  if (end > bytes.length || end - start < BLOCK_HEADER_BYTES || !isBlock(bytes, start)) return undefined
  const kind = bytes[start + 1]
  if (kind !== INTEGERS && kind !== DOUBLES) return undefined
  const numberClass = kind === INTEGERS ? Int32Array : Float64Array
  const bytesOfEach = numberClass.BYTES_PER_ELEMENT
  const at = start + BLOCK_HEADER_BYTES
  const count = Math.min(countAt(bytes, start), Math.floor((end - at) / bytesOfEach))
  const offset = bytes.byteOffset + at
  if (offset % bytesOfEach === 0) return new numberClass(bytes.buffer as ArrayBuffer, offset, count)
  const copy = new Uint8Array(count * bytesOfEach)
  copy.set(bytes.subarray(at, at + copy.length))
  return new numberClass(copy.buffer)
}

/**
 * The bytes of a block whose values take one byte each.
 * @returns undefined if the bytes up to `end` are not exactly one block of that kind
 */
export function blockBytes(bytes: Uint8Array, start: number, end: number, kind: number): Uint8Array | undefined {
  const at = start + BLOCK_HEADER_BYTES
  if (end > bytes.length || end < at || !isBlock(bytes, start) || bytes[start + 1] !== kind) return undefined
  return countAt(bytes, start) === end - at ? bytes.subarray(at, end) : undefined
}

function countAt(bytes: Uint8Array, start: number): number {
  let count = 0
  for (let at = start + BLOCK_HEADER_BYTES - 1; at >= start + 4; at--) count = count * 256 + (bytes[at] ?? 0)
  return count
}
