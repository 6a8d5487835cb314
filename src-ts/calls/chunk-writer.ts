import type { Batch } from '../backend/index.js'
import type { ChunkItems, ChunkTable } from './chunk-table.js'
import { type ChunkEnd, encodeChunk } from './encode-chunk.js'
import type { MapPlan } from './map-plan.js'
import type { ItemSource } from './source.js'

/** The parts of a call's plan that its chunks depend on. */
export type ChunkPlan = Pick<
  MapPlan,
  'id' | 'backend' | 'definition' | 'flags' | 'limits' | 'size' | 'isOrderTasks' | 'nJobs' | 'site' | 'batch'
>

/** Makes the chunks of one call and submits them. */
export class ChunkWriter {
  readonly #plan: ChunkPlan
  readonly #chunks: ChunkTable
  readonly #isWanted: () => boolean
  #batch: Batch | undefined
  /** The number of items that were taken. */
  #taken = 0
  /** The number of chunks that were made. A chunk that goes in several messages counts once. */
  #made = 0

  /** @param isWanted Returns false once the call has ended. Taking and encoding items runs code of the user, which may end it. */
  constructor(plan: ChunkPlan, chunks: ChunkTable, isWanted: () => boolean) {
    this.#plan = plan
    this.#chunks = chunks
    this.#isWanted = isWanted
  }

  /** The number of bytes that wait to be submitted. */
  get bytes(): number {
    return this.#batch?.bytes ?? 0
  }

  /**
   * Makes one chunk of up to `size` tasks. If they do not fit into one message, they go in several, so that every task is sent that fits
   * into a message alone.
   * @returns how the last message ended; `index` is that of the item after its tasks
   */
  fill(size: number, source: ItemSource): ChunkEnd & { readonly index: number } {
    const { backend, isOrderTasks, nJobs, site } = this.#plan
    const only = isOrderTasks ? this.#made % nJobs : undefined
    let left = size
    let tasks = source
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
        tasks,
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
      tasks = end.step === undefined ? source : startingWith(end.step, source)
    }
  }

  /** Submits the chunks that were made, unless the call has ended. */
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

/** A step, and then a source. */
function startingWith(step: IteratorResult<unknown, unknown>, source: ItemSource): ItemSource {
  let first: IteratorResult<unknown, unknown> | undefined = step
  return {
    next() {
      const next = first ?? source.next()
      first = undefined
      return next
    }
  }
}
