import type { Batch } from '../backend/index.js'
import type { ChunkItems, ChunkTable } from './chunk-table.js'
import { type ChunkEnd, encodeChunk } from './encode-chunk.js'
import type { MapPlan } from './map-plan.js'

/** What a chunk goes by. */
export type ChunkPlan = Pick<
  MapPlan,
  'id' | 'backend' | 'definition' | 'flags' | 'limits' | 'size' | 'isOrderTasks' | 'nJobs' | 'site' | 'batch'
>

/** Makes the chunks of one call and hands them over. */
export class ChunkWriter {
  readonly #plan: ChunkPlan
  readonly #chunks: ChunkTable
  readonly #isWanted: () => boolean
  #batch: Batch | undefined
  /** Items that were taken. */
  #taken = 0
  /** Chunks that were made, those in several messages counted once. */
  #made = 0

  /** @param isWanted False once the call has ended: taking and encoding items runs code of the user. */
  constructor(plan: ChunkPlan, chunks: ChunkTable, isWanted: () => boolean) {
    this.#plan = plan
    this.#chunks = chunks
    this.#isWanted = isWanted
  }

  /** Bytes that wait to be sent. */
  get bytes(): number {
    return this.#batch?.bytes ?? 0
  }

  /**
   * Makes one chunk of up to `size` tasks. Tasks that do not fit into one message together go in several, so that each goes that could go
   * alone. How the last of them ended; `index` is that of the item after its tasks.
   */
  fill(size: number, next: () => IteratorResult<unknown, unknown>): ChunkEnd & { readonly index: number } {
    const { backend, isOrderTasks, nJobs, site } = this.#plan
    const only = isOrderTasks ? this.#made % nJobs : undefined
    let left = size
    let unsent: IteratorResult<unknown, unknown> | undefined
    const takeNext = (): IteratorResult<unknown, unknown> => {
      const step = unsent ?? next()
      unsent = undefined
      return step
    }
    let isMade = false
    for (;;) {
      const batch = (this.#batch ??= backend.open())
      const base = this.#taken
      const { isFlexible } = this.#plan.size
      const isBatched = this.#plan.batch !== undefined
      site.beginItems()
      const end = encodeChunk(batch, {
        base,
        size: left,
        isFlexible,
        isBatched,
        next: takeNext,
        isWanted: this.#isWanted
      })
      site.endItems()
      this.#taken += end.taken
      const isUsed = end.count > 0 && end.how !== 'thrown' && this.#isWanted()
      if (isUsed) this.#commit(batch, end.items, end.count, only)
      else batch.abandon()
      if (isUsed && !isMade) {
        isMade = true
        this.#made++
        this.#plan.size.take()
      }
      if (end.how !== 'crowded' || !this.#isWanted()) return { ...end, index: base + end.taken - (end.failed ?? 0) }
      this.send()
      left -= end.count
      unsent = end.step
    }
  }

  /** Hands over what was made; of a call that has ended nothing. */
  send(): void {
    const batch = this.#batch
    this.#batch = undefined
    if (this.#isWanted()) batch?.send()
  }

  #commit(batch: Batch, items: ChunkItems, count: number, only: number | undefined): void {
    const { id, definition, flags, limits } = this.#plan
    const chunk = this.#chunks.add(items, count)
    batch.commit({ call: id, chunk, count, definition: definition.id(), flags, limits, only })
  }
}
