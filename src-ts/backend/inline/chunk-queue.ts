import type { ChunkHeader } from '../index.js'
import { Map } from '../../primordials.js'
import { LOAD, URGENT } from '../../protocol/index.js'
import type { HeldRegions } from './held-regions.js'

/** A chunk of the in-process back end. */
export interface InlineChunk {
  readonly header: ChunkHeader
  readonly payload: Uint8Array
  /** The first task that has not settled. */
  from: number
  /** The regions that the payload refers to. */
  readonly regions?: HeldRegions | undefined
}

/** An `apply` goes first, but leaves one turn in eight to other calls. */
const URGENT_STREAK = 7

/** Up to this number, chunks that were taken stay in the array in front of the others. */
const MOST_TAKEN = 1_000

/** Whether the chunk is an `apply`. */
export function isUrgent({ header }: InlineChunk): boolean {
  return (header.flags & URGENT) !== 0
}

/** Whether the chunk only loads its function. It is in no count. */
export function isLoad({ flags }: Pick<ChunkHeader, 'flags'>): boolean {
  return (flags & LOAD) !== 0
}

/** The number of tasks of a chunk that have not settled. */
export function openTasks({ header, from }: InlineChunk): number {
  return isLoad(header) ? 0 : header.count - from
}

/** The chunks that wait. Calls take turns. */
export class ChunkQueue {
  #urgent: InlineChunk[] = []
  /** The index of the first chunk of `#urgent` that waits. Those before it were taken. */
  #head = 0
  readonly #calls = new Map<number, InlineChunk[]>()
  #streak = 0

  /** The number of `apply` calls that wait. */
  get urgentCount(): number {
    return this.#urgent.length - this.#head
  }

  /** Whether chunks of other calls wait. */
  get hasOthers(): boolean {
    return this.#calls.size > 0
  }

  /** Whether an `apply` comes next. */
  get isUrgentNext(): boolean {
    return this.urgentCount > 0 && (this.#streak < URGENT_STREAK || !this.hasOthers)
  }

  add(chunk: InlineChunk): void {
    const { call } = chunk.header
    if (isUrgent(chunk)) this.#urgent.push(chunk)
    else if (!this.#calls.get(call)?.push(chunk)) this.#calls.set(call, [chunk])
  }

  /** Puts back a chunk of which some tasks have run. */
  putBack(chunk: InlineChunk): void {
    const { call } = chunk.header
    this.#calls.set(call, [chunk, ...(this.#calls.get(call) ?? [])])
  }

  take(): InlineChunk | undefined {
    if (this.isUrgentNext) {
      this.#streak++
      return this.#takeUrgent()
    }
    this.#streak = 0
    const [next] = this.#calls
    if (next === undefined) return undefined
    const [call, chunks] = next
    // A map keeps the order of insertion, so the call goes to the end.
    this.#calls.delete(call)
    const chunk = chunks.shift()
    if (chunks.length > 0) this.#calls.set(call, chunks)
    return chunk
  }

  /** Removes the chunks of a call, or all chunks. Returns the number of their tasks. */
  drop(call?: number): number {
    let tasks = 0
    const isLeft = (chunk: InlineChunk): boolean => {
      const goes = call === undefined || chunk.header.call === call
      if (goes) {
        tasks += openTasks(chunk)
        chunk.regions?.sent()
      }
      return !goes
    }
    this.#urgent = this.#urgent.slice(this.#head).filter(isLeft)
    this.#head = 0
    for (const [id, chunks] of this.#calls) if (chunks.filter(isLeft).length === 0) this.#calls.delete(id)
    return tasks
  }

  /** Whether a chunk of this kind waits. */
  some(isWanted: (chunk: InlineChunk) => boolean): boolean {
    for (let at = this.#head; at < this.#urgent.length; at++) {
      const chunk = this.#urgent[at]
      if (chunk !== undefined && isWanted(chunk)) return true
    }
    for (const chunks of this.#calls.values()) if (chunks.some(isWanted)) return true
    return false
  }

  #takeUrgent(): InlineChunk | undefined {
    const chunk = this.#urgent[this.#head++]
    if (this.#head === this.#urgent.length || this.#head > MOST_TAKEN) {
      this.#urgent = this.#urgent.slice(this.#head)
      this.#head = 0
    }
    return chunk
  }
}
