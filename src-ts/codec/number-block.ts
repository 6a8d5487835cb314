import { Float64Array, Int32Array } from '../primordials.js'
import { constantByte } from './constants.js'
import { writeNumber } from './encode-primitives.js'
import { BLOCK_HEADER_BYTES, CONSTANTS, DOUBLES, INTEGERS } from './packed.js'
import { END } from './tags.js'
import type { Writer } from './writer.js'

/** The most bytes of a number with its tag. */
const TAGGED_BYTES = 9

/**
 * A block of numbers that is being written; `packed.ts` has the layout. It begins with integers. The first number that is no 32-bit
 * integer turns all of them into doubles. A block of results whose first one is a constant has constants. Nothing else must be written
 * until the block has ended.
 */
export class NumberBlock {
  readonly #writer: Writer
  readonly #start: number
  /** The most numbers. */
  readonly #most: number
  /** Two views of the same memory. */
  readonly #integers: Int32Array
  readonly #doubles: Float64Array
  #hasDoubles = false
  /** Whether it has constants in place of numbers. */
  #hasConstants = false
  /** How many numbers or constants it has. */
  count = 0
  /** Whether it has ended, so that nothing can be added. */
  hasEnded = false

  /**
   * Begins a block at the end of what was written, a multiple of 8 bytes.
   * @throws a refusal if the message has no room for it. Then nothing has changed.
   */
  constructor(writer: Writer, most: number) {
    // The numbers fit in either form.
    writer.reserve(BLOCK_HEADER_BYTES + most * TAGGED_BYTES)
    const { buffer, byteOffset } = writer.bytes
    const at = byteOffset + writer.length + BLOCK_HEADER_BYTES
    this.#writer = writer
    this.#start = writer.length
    this.#most = most
    this.#integers = new Int32Array(buffer, at, most)
    this.#doubles = new Float64Array(buffer, at, most)
  }

  /** Whether it has as many numbers as it may. */
  get isFull(): boolean {
    return this.count === this.#most
  }

  /** Adds a number. The block must not be full. */
  add(value: number): void {
    if (!this.#hasDoubles) {
      const integer = value | 0
      // -0 is a double.
      if (integer === value && (integer !== 0 || 1 / value > 0)) {
        this.#integers[this.count++] = integer
        return
      }
      this.#turnIntoDoubles()
    }
    this.#doubles[this.count++] = value
  }

  /**
   * Adds a result. The block must not be full.
   * @returns false if the block cannot have it: it has numbers or constants, not both
   */
  addResult(value: unknown): boolean {
    if (typeof value === 'number') {
      if (this.#hasConstants) return false
      this.add(value)
      return true
    }
    const byte = constantByte(value)
    if (byte < 0 || (this.count > 0 && !this.#hasConstants)) return false
    this.#hasConstants = true
    this.#writer.bytes[this.#start + BLOCK_HEADER_BYTES + this.count++] = byte
    return true
  }

  /** Ends the block. */
  end(): void {
    this.hasEnded = true
    const { bytes } = this.#writer
    const start = this.#start
    bytes[start] = END
    bytes[start + 1] = this.#hasConstants ? CONSTANTS : this.#hasDoubles ? DOUBLES : INTEGERS
    bytes[start + 2] = 0
    bytes[start + 3] = 0
    let rest = this.count
    for (let at = start + 4; at < start + BLOCK_HEADER_BYTES; at++) {
      bytes[at] = rest & 255
      rest = rest >>> 8
    }
    const each = this.#hasConstants ? 1 : this.#hasDoubles ? 8 : 4
    this.#writer.length = start + BLOCK_HEADER_BYTES + this.count * each
  }

  /** Ends it as values with tags instead, so that any values can follow. */
  endAsValues(): void {
    const numbers = (this.#hasDoubles ? this.#doubles : this.#integers).slice(0, this.count)
    for (let at = 0; at < numbers.length; at++) writeNumber(this.#writer, numbers[at] as number)
  }

  #turnIntoDoubles(): void {
    this.#hasDoubles = true
    // From the end, because the doubles take the place of the integers.
    for (let at = this.count - 1; at >= 0; at--) this.#doubles[at] = this.#integers[at] as number
  }
}
