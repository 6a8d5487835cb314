import type { Batch, ChunkHeader } from '../index.js'
import { Writer } from '../../codec/index.js'
import { Math, Uint32Array } from '../../primordials.js'
import { paddedLength, SUBMISSION_BYTES } from '../../protocol/index.js'

const USUAL_BYTES = 64 * 1024
/** The largest number in a word. In practice it is no limit. */
const LONGEST_LIFE = 0xffffffff

/** Passes submissions to the core. */
export type Submit = (bytes: Uint8Array, length: number) => void

/** Chunks in the layout of the core's submissions. User code runs while items are encoded, so each batch has its own memory. */
export class NativeBatch implements Batch {
  readonly #submit: Submit
  readonly #free: Writer[]
  readonly #writer: Writer
  #start = 0

  /** @param free Keeps the memory of batches that were sent. */
  constructor(submit: Submit, free: Writer[]) {
    this.#submit = submit
    this.#free = free
    this.#writer = free.pop() ?? new Writer(USUAL_BYTES)
    this.#writer.length = 0
  }

  get bytes(): number {
    return this.#writer.length
  }

  begin(): Writer {
    this.#start = this.#writer.length
    this.#writer.reserve(SUBMISSION_BYTES)
    this.#writer.length += SUBMISSION_BYTES
    return this.#writer
  }

  commit(header: ChunkHeader): void {
    const writer = this.#writer
    const payload = writer.length - this.#start - SUBMISSION_BYTES
    const end = this.#start + SUBMISSION_BYTES + paddedLength(payload)
    writer.reserve(end - writer.length)
    writer.bytes.fill(0, writer.length, end)
    writer.length = end
    const { call, chunk, count, definition, flags, limits, only } = header
    const lifespan = Math.min(limits.lifespan, LONGEST_LIFE)
    const worker = only === undefined ? 0 : only + 1
    const words = [
      payload,
      call,
      chunk,
      count,
      definition,
      flags,
      worker,
      lifespan,
      Math.ceil(limits.timeoutMs),
      limits.retries,
      0,
      0
    ]
    new Uint32Array(writer.bytes.buffer, writer.bytes.byteOffset + this.#start, words.length).set(words)
  }

  abandon(): void {
    this.#writer.length = this.#start
  }

  send(): void {
    if (this.#writer.length > 0) this.#submit(this.#writer.bytes, this.#writer.length)
    // Memory that has grown for a large message is not kept.
    if (this.#writer.bytes.length <= 16 * USUAL_BYTES) this.#free.push(this.#writer)
  }
}
