import { dropRegion, holdRegion, type Region, type RegionSink } from '../../codec/index.js'
import { Set } from '../../primordials.js'
import type { OutboxRegions } from '../../worker/index.js'

/** Keeps regions in this process, for chunks and for outcomes that are not read yet. */
export class HeldRegions implements OutboxRegions, RegionSink {
  #regions = new Set<Region>()

  hold(region: Region): void {
    if (this.#regions.has(region)) return
    this.#regions.add(region)
    holdRegion(region)
  }

  /** Hands over those that were held so far. */
  split(): HeldRegions | undefined {
    if (this.#regions.size === 0) return undefined
    const held = new HeldRegions()
    held.#regions = this.#regions
    this.#regions = new Set()
    return held
  }

  /** Drops all of them. */
  sent(): void {
    if (this.#regions.size === 0) return
    for (const region of this.#regions) dropRegion(region)
    this.#regions = new Set()
  }

  take(): number {
    return 0
  }
}
