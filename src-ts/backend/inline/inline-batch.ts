import type { Batch, ChunkHeader } from '../index.js'
import { Writer } from '../../codec/index.js'
import { Uint8Array } from '../../primordials.js'
import type { InlineChunk } from './chunk-queue.js'
import { HeldRegions } from './held-regions.js'

/** Gathers chunks. User code runs while items are encoded, so each batch has its own memory. */
export class InlineBatch implements Batch {
  readonly #submit: (chunks: readonly InlineChunk[]) => void
  readonly #writer = new Writer()
  readonly #regions = new HeldRegions()
  readonly #chunks: InlineChunk[] = []
  bytes = 0

  constructor(submit: (chunks: readonly InlineChunk[]) => void) {
    this.#submit = submit
    this.#writer.regions = this.#regions
  }

  begin(): Writer {
    this.#writer.length = 0
    this.#writer.beginShared()
    return this.#writer
  }

  commit(header: ChunkHeader): void {
    const { bytes, length } = this.#writer
    // A copy, which the slice of a Buffer would not be.
    this.#chunks.push({
      header,
      payload: new Uint8Array(bytes.subarray(0, length)),
      from: 0,
      regions: this.#regions.split()
    })
    this.bytes += length
  }

  abandon(): void {
    this.#writer.length = 0
    this.#regions.sent()
  }

  discard(): void {
    for (const { regions } of this.#chunks) regions?.sent()
    this.#chunks.length = 0
  }

  send(): void {
    if (this.#chunks.length > 0) this.#submit(this.#chunks)
  }
}
