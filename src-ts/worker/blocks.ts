import type { RawWorkerEndpoint } from '../../index.js'
import { type BlockSink, type BlockSource, IdleMemory } from '../codec/index.js'

/** The blocks for large values of this worker: it reads those of arguments, and fills those of results. */
export class WorkerBlocks implements BlockSink, BlockSource {
  readonly #endpoint: Pick<RawWorkerEndpoint, 'putBlock' | 'readBlock'>
  readonly #idle: IdleMemory
  /** The number of blocks that were filled, modulo 2^32. The parent learns it with each outcome. */
  count = 0
  /** The bytes of all blocks that were read, and of those that were filled. */
  bytesTaken = 0
  bytesPut = 0

  constructor(endpoint: Pick<RawWorkerEndpoint, 'putBlock' | 'readBlock' | 'giveBackBlocks'>) {
    this.#endpoint = endpoint
    this.#idle = new IdleMemory(() => endpoint.giveBackBlocks())
  }

  put(bytes: Uint8Array): number {
    const place = this.#endpoint.putBlock(bytes)
    if (place >= 0) {
      this.count = (this.count + 1) >>> 0
      this.bytesPut += bytes.length
      this.#idle.use()
    }
    return place
  }

  expect(): void {
    // The parent is trusted.
  }

  take(place: number, into: Uint8Array): boolean {
    this.#idle.use()
    this.bytesTaken += into.length
    return this.#endpoint.readBlock(place, into)
  }
}
