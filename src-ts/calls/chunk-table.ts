import type { LostTask } from '../backend/index.js'
import { Map } from '../primordials.js'

/** The items behind the tasks of a chunk. */
export interface ChunkItems {
  /** The index of its first item. */
  readonly base: number
  /** Of batches: the index of the first item of each, then that of the item after the last one. */
  readonly starts?: readonly number[] | undefined
}

/** A class, because a copy of the items by spreading costs as much as all the rest of a chunk of one task. */
class OpenChunk implements ChunkItems {
  readonly base: number
  readonly starts: readonly number[] | undefined
  /** The number of tasks that have not settled. */
  open: number
  readonly bytes: number

  constructor({ base, starts }: ChunkItems, open: number, bytes: number) {
    this.base = base
    this.starts = starts
    this.open = open
    this.bytes = bytes
  }
}

const NOTHING: ChunkItems = { base: 0 }

/** The index of the first item behind task `offset` of a chunk. */
export function firstItem({ base, starts }: ChunkItems, offset: number): number {
  return starts === undefined ? base + offset : (starts[offset] ?? base)
}

/** The number of items behind task `offset` of a chunk. */
export function itemCount({ starts }: ChunkItems, offset: number): number {
  return starts === undefined ? 1 : (starts[offset + 1] ?? 0) - (starts[offset] ?? 0)
}

/** Task `position` of a chunk. */
export function taskAt(items: ChunkItems, position: number): LostTask {
  const count = items.starts === undefined ? undefined : itemCount(items, position)
  return { index: firstItem(items, position), count, position }
}

/** The chunks of a call that are in flight. */
export class ChunkTable {
  readonly #chunks = new Map<number, OpenChunk>()
  #made = 0
  #inFlight = 0
  #bytes = 0
  /** The chunk that was asked for last. With results that come one by one, it is the next one too. */
  #last: OpenChunk | undefined
  #lastNumber = -1

  /** Tasks that were sent and have not settled. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Bytes of the chunks with tasks in flight. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds a chunk of `count` tasks, which has so many bytes. Returns its number within the call. */
  add(items: ChunkItems, count: number, bytes: number): number {
    const chunk = this.#made
    this.#chunks.set(chunk, new OpenChunk(items, count, bytes))
    this.#lastNumber = -1
    this.#inFlight += count
    this.#bytes += bytes
    // The number wraps like a word of the protocol, because an endless input makes more chunks than a word can count.
    this.#made = (chunk + 1) >>> 0
    return chunk
  }

  /** The items of a chunk. Whoever asks before its last task has settled can use them afterwards too. */
  itemsOf(chunk: number): ChunkItems {
    return this.#find(chunk) ?? NOTHING
  }

  #find(chunk: number): OpenChunk | undefined {
    if (chunk === this.#lastNumber) return this.#last
    this.#last = this.#chunks.get(chunk)
    this.#lastNumber = chunk
    return this.#last
  }

  /** Counts tasks of a chunk as settled. If the chunk ends early, its open tasks are settled as well. */
  settle(chunk: number, count: number, isLast: boolean): void {
    const entry = this.#find(chunk)
    if (entry === undefined) return
    const settled = isLast ? entry.open : count
    this.#inFlight -= settled
    entry.open -= settled
    if (entry.open > 0) return
    this.#chunks.delete(chunk)
    this.#bytes -= entry.bytes
    this.#last = undefined
  }
}
