import { setupId } from './call-setup.js'
import type { Batch } from '../backend/index.js'
import type { ChunkTable } from './chunk-table.js'
import { ChunkEncoder } from './encode-chunk.js'
import type { MapPlan } from './map-plan.js'
import type { ItemSource } from './source.js'

/** The parts of a call's plan that its chunks depend on. */
export type ChunkPlan = Pick<
  MapPlan,
  | 'id'
  | 'backend'
  | 'definition'
  | 'flags'
  | 'limits'
  | 'setup'
  | 'size'
  | 'binding'
  | 'site'
  | 'batch'
  | 'clock'
  | 'traces'
  | 'reports'
>

/** Makes the chunks of one call and submits them. */
export class ChunkWriter {
  readonly #plan: ChunkPlan
  readonly #chunks: ChunkTable
  readonly #isWanted: () => boolean
  readonly #encoder: ChunkEncoder
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
    this.#encoder = new ChunkEncoder(plan, isWanted)
  }

  /** The number of bytes that are to be submitted. */
  get bytes(): number {
    return this.#batch?.bytes ?? 0
  }

  /**
   * Makes one chunk of up to `size` tasks. If they do not fit into one message, they go in several, so that every task is sent that fits
   * into a message alone.
   * @returns how the last message ended. It is true until the next chunk.
   */
  fill(size: number, source: ItemSource): Readonly<ChunkEncoder> {
    try {
      return this.#fill(size, source)
    } catch (error) {
      // The call ends with it.
      this.#batch?.discard()
      this.#batch = undefined
      throw error
    }
  }

  #fill(size: number, source: ItemSource): Readonly<ChunkEncoder> {
    const { backend, binding, site } = this.#plan
    const only = binding.workers > 0 ? this.#made % binding.workers : undefined
    const end = this.#encoder
    let left = size
    let tasks = source
    let isMade = false
    for (;;) {
      const batch = (this.#batch ??= backend.open())
      const before = batch.bytes
      site.beginItems()
      end.encode(batch, this.#taken, left, tasks)
      site.endItems()
      this.#taken += end.taken
      const isUsed = end.count > 0 && end.how !== 'thrown' && this.#isWanted()
      if (isUsed) this.#commit(batch, end.count, batch.bytes - before, only)
      else batch.abandon()
      if (isUsed && !isMade) {
        isMade = true
        this.#made++
        this.#plan.size.take()
      }
      if (end.how !== 'crowded' || !this.#isWanted()) return end
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
    else batch?.discard()
  }

  #commit(batch: Batch, count: number, bytes: number, only: number | undefined): void {
    const { id, definition, flags, limits, setup } = this.#plan
    const chunk = this.#chunks.add(this.#encoder, count, bytes)
    batch.commit({
      call: id,
      chunk,
      count,
      definition: definition.id(),
      flags,
      limits,
      setup: setupId(setup),
      only
    })
    this.#plan.reports?.sent(this.#encoder.base, this.#encoder.index - this.#encoder.base)
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
