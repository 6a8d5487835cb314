import { Math } from '../primordials.js'

/** Milliseconds of work that a chunk shall hold: far above what a chunk itself costs, far below what a user notices. */
const TARGET_US = 2_000
/** Near the end of the input chunks shrink, so that the workers end together; not below this much work. */
const TAIL_US = 100
/** Tasks in a chunk, at the most. */
const ADAPTIVE_MAX = 4_096
/** A chunk grows at most by this factor at a time: one fast task says little about the next ones. */
const GROWTH = 8
/** What is kept of older measurements with each new one. They count by their tasks: one slow task says little. */
const KEPT = 0.7

/** How many tasks the next chunk holds. */
export interface ChunkSize {
  /**
   * The size of the next chunk, before the window cuts it.
   * @param remaining Items that are left, where that is known.
   */
  next(remaining: number | undefined): number
  /** A chunk of that size was made. */
  take(): void
  /** Tasks have taken so long. */
  learn(count: number, elapsedUs: number): void
  /** The present size. */
  readonly current: number
  /** Whether a chunk may leave with fewer tasks when the input is slow. */
  readonly isFlexible: boolean
}

/** Always the same size. */
export class FixedChunkSize implements ChunkSize {
  readonly current: number
  readonly isFlexible = false

  constructor(size: number) {
    this.current = size
  }

  next(): number {
    return this.current
  }

  take(): void {
    // All chunks are the same.
  }

  learn(): void {
    // What tasks cost does not matter.
  }
}

/** An input of known length in a number of chunks whose sizes differ by at most one. */
export class SplitChunkSize implements ChunkSize {
  readonly #size: number
  readonly isFlexible = false
  #due: number

  constructor(length: number, splits: number) {
    this.#size = length / splits
    this.#due = this.#size
  }

  get current(): number {
    return Math.max(1, Math.ceil(this.#size))
  }

  next(): number {
    return Math.max(1, Math.ceil(this.#due))
  }

  take(): void {
    // MPIRE's rule: the fraction that rounding up took is carried over.
    this.#due += this.#size - Math.ceil(this.#due)
  }

  learn(): void {
    // What tasks cost does not matter.
  }
}

/** Grows until a chunk costs a few milliseconds, shrinks towards the end. */
export class AdaptiveChunkSize implements ChunkSize {
  readonly #nJobs: number
  readonly isFlexible = true
  #size = 1
  #taskUs: number | undefined
  #tasks = 0
  #elapsedUs = 0

  constructor(nJobs: number) {
    this.#nJobs = nJobs
  }

  get current(): number {
    return this.#size
  }

  next(remaining: number | undefined): number {
    if (remaining === undefined || this.#taskUs === undefined) return this.#size
    const share = Math.ceil(remaining / (2 * this.#nJobs))
    const least = Math.min(this.#size, Math.ceil(TAIL_US / this.#taskUs))
    return Math.max(1, Math.min(this.#size, Math.max(share, least)))
  }

  take(): void {
    // The next size follows from what tasks cost.
  }

  learn(count: number, elapsedUs: number): void {
    if (count === 0) return
    this.#tasks = this.#tasks * KEPT + count
    this.#elapsedUs = this.#elapsedUs * KEPT + elapsedUs
    // The clock has microseconds: a task below one is not free.
    this.#taskUs = Math.max(this.#elapsedUs / this.#tasks, 0.02)
    const wanted = Math.max(1, Math.floor(TARGET_US / this.#taskUs))
    this.#size = Math.min(wanted, this.#size * GROWTH, ADAPTIVE_MAX)
  }
}
