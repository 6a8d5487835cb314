import { type BlockSource, HEAD_BYTES, noBlocks } from './blocks.js'
import { Buffer, DataView, Number, RangeError, Uint8Array } from '../primordials.js'
import { LONGEST_PART, TextWindow } from './text-window.js'

/** The error for bytes that are not an encoded value. */
export function damaged(what: string): RangeError {
  return new RangeError(`damaged message: ${what}`)
}

export type ReadAny = (r: Reader) => unknown

/** A definition of a record, as the reader knows it. */
export interface RecordShape {
  readonly keys: readonly string[]
  readonly definition: Uint8Array
  /** An object with all keys. */
  readonly template: object
  uses: number
  /** Reads the values of an object. */
  read: (r: Reader, readAny: ReadAny, shape: RecordShape) => object
}

/** Reads bytes from `offset` up to `end`, never beyond. It throws a RangeError if the bytes end too early. */
export class Reader {
  /** The offset of the next read. */
  offset: number
  end: number
  /** Whether the value that is being decoded refers to its objects. If it does not, they are not kept. */
  keepsObjects = false
  /** The objects of that value so far, by number. */
  objects: unknown[] = []
  /** The definitions of the message so far, by number. */
  shapes: RecordShape[] = []
  /** An error without properties. The next error that is read uses it. */
  blank: Error | undefined
  /** Where the bytes of large values are. */
  blocks: BlockSource = noBlocks
  /** The block with the bytes of the value that is being read, or -1. */
  place = -1
  #bytes: Uint8Array
  #buffer: Buffer
  #view: DataView
  readonly #window = new TextWindow()
  /** Of several messages: where the next one starts, and where the last one ends. -1: there is one message. */
  #nextMessage = -1
  #lastEnd = 0

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.offset = 0
    this.end = bytes.length
  }

  /** The memory that is read. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /**
   * Starts to read other bytes, or other limits.
   * @throws RangeError if the limits are outside the bytes
   */
  reset(bytes: Uint8Array, offset: number, end: number): void {
    if (!(offset >= 0 && offset <= end && end <= bytes.length)) throw damaged('limits outside of the memory')
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.offset = offset
    this.end = end
    this.#nextMessage = -1
    this.#beginMessage()
  }

  /** Whether the bytes that were set last hold several messages, each with its length in front. `openMessage` opens one after the other. */
  get isJoined(): boolean {
    return this.#nextMessage >= 0
  }

  /** The bytes that were set last are several messages, which the core has put together. */
  join(): void {
    this.#nextMessage = this.offset
    this.#lastEnd = this.end
  }

  /** Starts to read the next of several messages. */
  openMessage(): void {
    this.offset = this.#nextMessage
    this.end = this.#lastEnd
    const length = this.u32()
    const start = this.take(length)
    // The core pads each message to a multiple of 4 bytes.
    this.#nextMessage = start + ((length + 3) & ~3)
    this.offset = start
    this.end = start + length
    this.#beginMessage()
  }

  #beginMessage(): void {
    if (this.shapes.length > 0) this.shapes = []
    this.#window.close()
  }

  /** Keeps an object of the value, which gets the next number. */
  keep<T extends object>(object: T): T {
    if (this.keepsObjects) this.objects.push(object)
    return object
  }

  /** Uses up a number for an object that is not there yet. */
  number(): number {
    return this.keepsObjects ? this.objects.push(undefined) - 1 : -1
  }

  /** Keeps an object under a number that was used up for it. */
  keepAs(number: number, object: unknown): void {
    if (number >= 0) this.objects[number] = object
  }

  takeBlank(): Error | undefined {
    const { blank } = this
    this.blank = undefined
    return blank
  }

  /** Skips `count` bytes and returns their offset. */
  take(count: number): number {
    const start = this.offset
    if (count > this.end - start) throw damaged('it ends too early')
    this.offset = start + count
    return start
  }

  u8(): number {
    if (this.offset >= this.end) throw damaged('it ends too early')
    return this.#bytes[this.offset++] as number
  }

  /** The next byte, which stays the next one. */
  peek(): number {
    if (this.offset >= this.end) throw damaged('it ends too early')
    return this.#bytes[this.offset] as number
  }

  u32(): number {
    return this.#view.getUint32(this.take(4), true)
  }

  i32(): number {
    return this.#view.getInt32(this.take(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.take(8), true)
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.take(8), true)
  }

  varint(): number {
    const first = this.u8()
    if (first < 128) return first
    let value = first & 127
    for (let unit = 128; ; unit *= 128) {
      const byte = this.u8()
      value += (byte & 127) * unit
      if (value > Number.MAX_SAFE_INTEGER) throw damaged('a length out of bounds')
      if (byte < 128) return value
    }
  }

  /** `length` characters, one byte each. */
  latin1(length: number): string {
    const start = this.take(length)
    return length <= LONGEST_PART
      ? this.#window.read(this.#buffer, start, length, this.end)
      : this.#buffer.toString('latin1', start, start + length)
  }

  /** `byteLength` bytes as text. */
  text(encoding: 'utf16le' | 'hex', byteLength: number): string {
    const start = this.take(byteLength)
    return this.#buffer.toString(encoding, start, start + byteLength)
  }

  /** The length of the bytes of a value, which follow here or are in a block. Its units have so many bytes. */
  bytesLength(unit = 1): number {
    const length = this.varint() * unit
    if (this.place >= 0) this.blocks.expect(length)
    else if (length > this.end - this.offset) throw damaged('it ends too early')
    return length
  }

  /** Fills `target` with the next bytes, or with those of the block. */
  copyTo(target: Uint8Array): void {
    if (this.place >= 0) {
      const at = this.take(HEAD_BYTES)
      if (this.blocks.take(this.place, target, this.#bytes.subarray(at, at + HEAD_BYTES))) return
      throw damaged('a block that is not there')
    }
    const start = this.take(target.length)
    target.set(this.#bytes.subarray(start, start + target.length))
  }
}
