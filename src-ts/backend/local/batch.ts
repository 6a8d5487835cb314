import type { Batch, ChunkHeader } from '../index.js'
import { Writer } from '../../codec/index.js'
import { Math } from '../../primordials.js'
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
    for (let left = paddedLength(payload) - payload; left > 0; left--) writer.u8(0)
    const end = writer.length
    const { limits, only } = header
    writer.length = this.#start
    writer.u32(payload)
    writer.u32(header.call)
    writer.u32(header.chunk)
    writer.u32(header.count)
    writer.u32(header.definition)
    writer.u32(header.flags)
    writer.u32(only === undefined ? 0 : only + 1)
    writer.u32(Math.min(limits.lifespan, LONGEST_LIFE))
    writer.u32(Math.ceil(limits.timeoutMs))
    writer.u32(limits.retries)
    writer.u32(0)
    writer.u32(0)
    writer.length = end
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
