import { blockBytes, CONSTANTS, type Numbers } from './packed.js'

/** The values that a block of constants may have, by their bytes. */
const VALUES = [undefined, null, false, true] as const

/** A value that takes one byte in a block. */
type Constant = (typeof VALUES)[number]

/** The results of a block. */
export type PackedResults = Numbers | readonly Constant[]

/** The byte of a value in a block of constants. -1: it has none. */
export function constantByte(value: unknown): number {
  if (value === undefined) return 0
  if (value === null) return 1
  if (value === false) return 2
  return value === true ? 3 : -1
}

/**
 * The values of the block of constants at `start`. The bytes are not trusted.
 * @returns undefined if the bytes up to `end` are not exactly one block of constants
 */
export function readConstants(bytes: Uint8Array, start: number, end: number): readonly Constant[] | undefined {
  const found = blockBytes(bytes, start, end, CONSTANTS)
  if (found === undefined) return undefined
  const values: Constant[] = []
  for (let at = 0; at < found.length; at++) {
    const byte = found[at] ?? VALUES.length
    if (byte >= VALUES.length) return undefined
    values.push(VALUES[byte])
  }
  return values
}
