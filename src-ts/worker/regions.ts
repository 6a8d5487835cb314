import { type Region, type RegionMemory, type RegionSink, tooManyRegions, type Writer } from '../codec/index.js'
import { Set } from '../primordials.js'
import type { Start } from './start.js'

/** What happens to the regions of results. */
export interface OutboxRegions extends RegionSink {
  /** An outcome ends. Returns the number of regions that were passed since the one before. */
  take(): number
  /** All outcomes so far were sent. */
  sent(): void
}

/** Passes the regions of results to the parent, before the outcomes that refer to them. */
export class PassedRegions implements OutboxRegions {
  readonly #pass: (id: number) => void
  readonly #most: number
  /** Those that the open outcome refers to. */
  readonly #ids = new Set<number>()
  #count = 0

  /**
   * @param pass Passes a region. Waits while the parent has not read the ones before.
   * @param most The most regions of one outcome.
   */
  constructor(pass: (id: number) => void, most: number) {
    this.#pass = pass
    this.#most = most
  }

  hold({ id }: Region, writer: Writer): void {
    if (this.#ids.has(id)) return
    if (this.#count >= this.#most) throw tooManyRegions(writer, this.#most)
    this.#pass(id)
    this.#ids.add(id)
    this.#count++
  }

  take(): number {
    const count = this.#count
    if (count > 0) {
      this.#ids.clear()
      this.#count = 0
    }
    return count
  }

  sent(): void {
    // The parent has them.
  }
}

/** The memory of regions, as a worker has it. */
export function memoryOf(binding: Start['binding']): RegionMemory {
  return {
    create: (id, bytes, content) => binding.createRegion(id, bytes, content),
    open: (id, bytes) => binding.fetchRegion(id, bytes),
    release: (buffer) => binding.releaseRegion(buffer),
    pin: (id) => binding.pinRegion(id),
    unpin: (id) => binding.unpinRegion(id),
    freshId: () => binding.freshRegionId()
  }
}
