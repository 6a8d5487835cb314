import { Map } from '../primordials.js'

interface OpenChunk {
  /** Index of its first item. */
  readonly base: number
  /** Tasks that have not settled. */
  open: number
}

/** The chunks of a call that are under way. */
export class ChunkTable {
  readonly #chunks = new Map<number, OpenChunk>()
  #made = 0
  #inFlight = 0

  /** Tasks that were sent and have not settled. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Adds a chunk of `count` tasks, the first one of item `base`. Returns its number within the call. */
  add(base: number, count: number): number {
    const chunk = this.#made
    this.#chunks.set(chunk, { base, open: count })
    this.#inFlight += count
    // As the protocol's words do: an endless input makes more chunks than a word counts.
    this.#made = (chunk + 1) >>> 0
    return chunk
  }

  /** The index of the item behind task `offset` of a chunk. */
  indexOf(chunk: number, offset: number): number {
    return (this.#chunks.get(chunk)?.base ?? 0) + offset
  }

  /** Tasks of a chunk have settled. A chunk that ends early takes its open tasks with it. */
  settle(chunk: number, count: number, isLast: boolean): void {
    const entry = this.#chunks.get(chunk)
    if (entry === undefined) return
    const settled = isLast ? entry.open : count
    this.#inFlight -= settled
    entry.open -= settled
    if (entry.open <= 0) this.#chunks.delete(chunk)
  }
}
