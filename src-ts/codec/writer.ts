import { Buffer, DataView, Math, Uint8Array } from '../primordials.js'
import { BLOCK_BYTES, type BlockSink } from './blocks.js'
import { Refusal } from './refusal.js'
import type { RegionSink } from './regions.js'

/** The largest message in bytes: just below 2 GiB, and a multiple of the padding unit. */
export const MAX_MESSAGE_BYTES: number = 2 ** 31 - 8

/** A copy, also of a part of a Buffer, whose `slice` shares its memory. */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start)
  copy.set(bytes.subarray(start, end))
  return copy
}

let messages = 0

/** Writes bytes into memory that grows by doubling. The written bytes are `bytes` from 0 to `length`. */
export class Writer {
  /** The memory. It is replaced when it grows. */
  bytes: Uint8Array
  /** The number of written bytes. It may be reset to an earlier value. */
  length = 0
  #buffer: Buffer
  #view: DataView
  #capacity: number
  readonly #limit: number
  /** Takes large values, if there is a place for them. */
  blocks: BlockSink | undefined
  /** Keeps regions. Without it their bytes are copied. */
  regions: RegionSink | undefined
  /** The number of bytes that went into blocks. It may be reset to an earlier value. */
  blockBytes = 0
  /** True once there was no room for a write. */
  isOverfull = false
  /** A number that no other message of this process has. Definitions are written once in a message. */
  message = 0
  /** The number of definitions in the message. */
  defined = 0
  /** Whether the values belong to one message, which is read from its start. Otherwise each value is a message by itself. */
  isShared = false

  /**
   * @param capacity The initial number of bytes.
   * @param limit The most bytes.
   */
  constructor(capacity = 256, limit: number = MAX_MESSAGE_BYTES) {
    this.#limit = limit
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(Math.min(capacity, limit), 16))
    this.bytes = this.#buffer
    this.#view = new DataView(this.#buffer.buffer)
    this.#capacity = this.#buffer.length
  }

  /**
   * Makes room for `extra` more bytes.
   * @throws if the message would exceed the limit, or there is no memory
   */
  reserve(extra: number): void {
    if (this.length + extra > this.#capacity) this.#grow(this.length + extra)
  }

  /** Writes zeros until the length is a multiple of `unit`, a power of two. */
  alignTo(unit: number): void {
    const length = (this.length + unit - 1) & -unit
    this.reserve(length - this.length)
    this.bytes.fill(0, this.length, length)
    this.length = length
  }

  /** Begins a message. What was defined before must be defined again. */
  begin(): void {
    this.message = ++messages
    this.defined = 0
  }

  /** Begins a message whose values are read one after the other. */
  beginShared(): void {
    this.isShared = true
    this.begin()
  }

  /** Takes back what was written after `length`. The definitions in it may be gone, so all are written again. */
  rewind(length: number): void {
    this.length = length
    this.begin()
  }

  u8(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  u32(value: number): void {
    this.reserve(4)
    this.#view.setUint32(this.length, value, true)
    this.length += 4
  }

  /** A tag and an i32. */
  taggedI32(tag: number, value: number): void {
    this.reserve(5)
    this.bytes[this.length] = tag
    this.#view.setInt32(this.length + 1, value, true)
    this.length += 5
  }

  /** A tag and a double. */
  taggedF64(tag: number, value: number): void {
    this.reserve(9)
    this.bytes[this.length] = tag
    this.#view.setFloat64(this.length + 1, value, true)
    this.length += 9
  }

  f64(value: number): void {
    this.reserve(8)
    this.#view.setFloat64(this.length, value, true)
    this.length += 8
  }

  /** An integer of 0 to 2^53 - 1, in 8 bytes. */
  id(value: number): void {
    this.reserve(8)
    this.#view.setUint32(this.length, value % 2 ** 32, true)
    this.#view.setUint32(this.length + 4, Math.floor(value / 2 ** 32), true)
    this.length += 8
  }

  i64(value: bigint): void {
    this.reserve(8)
    this.#view.setBigInt64(this.length, value, true)
    this.length += 8
  }

  /** An integer of 0 to 2^53 - 1, in 1 to 8 bytes. */
  varint(value: number): void {
    this.reserve(8)
    if (value < 128) {
      this.bytes[this.length++] = value
      return
    }
    let rest = value
    while (rest > 127) {
      this.bytes[this.length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.bytes[this.length++] = rest
  }

  /** The characters of `text`, one byte each. */
  latin1(text: string): void {
    this.text(text, 'latin1', text.length)
  }

  /** The characters of `text` in the encoding, `byteLength` bytes in all, without their length. */
  text(text: string, encoding: 'latin1' | 'utf16le' | 'hex', byteLength: number): void {
    this.reserve(byteLength)
    this.#buffer.write(text, this.length, byteLength, encoding)
    this.length += byteLength
  }

  /** Inserts a byte. */
  insert(at: number, value: number): void {
    this.reserve(1)
    this.bytes.copyWithin(at + 1, at, this.length++)
    this.bytes[at] = value
  }

  copy(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Copies few bytes. For these a loop is faster than a call into the engine. */
  copyShort(source: Uint8Array): void {
    this.reserve(source.length)
    const { bytes, length } = this
    for (let i = 0; i < source.length; i++) bytes[length + i] = source[i] as number
    this.length = length + source.length
  }

  /** Copies large bytes into a block and returns its place. -1: they have to be written here. */
  putBlock(bytes: Uint8Array): number {
    if (this.blocks === undefined || bytes.length < BLOCK_BYTES) return -1
    const place = this.blocks.put(bytes)
    if (place >= 0) this.blockBytes += bytes.length
    return place
  }

  #grow(needed: number): void {
    const limit = this.#limit
    if (needed > limit) {
      const allowed = limit === MAX_MESSAGE_BYTES ? 'less than 2 GiB' : `at most ${limit} bytes`
      throw this.#overfull(`a message has ${allowed}, this one has more`)
    }
    const capacity = Math.min(Math.max(needed, 2 * this.#capacity), limit)
    let grown: Buffer
    try {
      grown = Buffer.allocUnsafeSlow(capacity)
    } catch {
      throw this.#overfull(`no memory for a message of ${needed} bytes`)
    }
    grown.set(this.length < this.#capacity ? this.#buffer.subarray(0, this.length) : this.#buffer)
    this.#buffer = grown
    this.bytes = grown
    this.#view = new DataView(grown.buffer)
    this.#capacity = capacity
  }

  #overfull(why: string): Refusal {
    this.isOverfull = true
    return new Refusal(why)
  }
}
