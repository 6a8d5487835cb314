import { Math } from '../primordials.js'

/**
 * Microseconds of work that a chunk should have. It is far above the cost of a chunk, and far below what a user notices. Each chunk of a
 * list costs the parent about 0.1 ms, which the workers miss if it shares their CPUs. A consumer that takes results one by one is served
 * sooner by smaller chunks.
 */
const TARGET_US = 2_000
const LIST_TARGET_US = 8_000
/** Near the end of the input chunks shrink, so that all workers end together. They keep at least this much work. */
const TAIL_US = 100
/** The most tasks in a chunk. Two chunks of so many numbers fill half of the ring, so that a worker has the next one at once. */
export const ADAPTIVE_MAX = 8_192
/** The most tasks in a chunk while the cost of a task is unknown. Such a chunk is split if its tasks turn out to be slow. */
const UNKNOWN_MAX = 512
/** While the cost of a task is unknown, the size doubles after so many chunks. */
const UNKNOWN_CHUNKS = 2
/**
 * What a chunk may cost besides its tasks, in microseconds. It is measured with the tasks, so it matters if they are few and short. A process
 * that has to share its CPU finds the caches full of other data.
 */
const CHUNK_US = 8
/** The most of a measured time that counts as the cost of the chunk. */
const CHUNK_PART = 0.75
/** The size grows at most by this factor at a time, because one fast task says little about the next ones. */
const GROWTH = 8
/**
 * The weight that older measurements keep with each new one. Each counts by its number of tasks, because one slow task says little. With
 * many workers, as many chunks run at the same time, and those of one round count together: a chunk that was interrupted says little.
 */
const KEPT = 0.7
const FORGOTTEN_PER_ROUND = 0.6

/** How many workers share how many CPUs. */
export interface Crowd {
  readonly nJobs: number
  readonly cpus: number
}

/** Decides how many tasks the next chunk has. */
export interface ChunkSize {
  /**
   * The size of the next chunk, before the window reduces it.
   * @param remaining The number of items that are left, if it is known.
   */
  next(remaining: number | undefined): number
  /** A chunk of that size was made. */
  take(): void
  /** Learns how long tasks have taken. */
  learn(count: number, elapsedUs: number): void
  /** The current size. */
  readonly current: number
  /** Whether a chunk may be sent with fewer tasks if the input is slow. */
  readonly isFlexible: boolean
  /** Whether the size can be chosen well. */
  readonly isKnown: boolean
}

/** Always the same size. */
export class FixedChunkSize implements ChunkSize {
  readonly current: number
  readonly isFlexible = false
  readonly isKnown = true

  constructor(size: number) {
    this.current = size
  }

  next(): number {
    return this.current
  }

  take(): void {
    // All chunks have the same size.
  }

  learn(): void {
    // The cost of tasks does not matter.
  }
}

/** Cuts an input of known length into a number of chunks whose sizes differ by at most one. */
export class SplitChunkSize implements ChunkSize {
  readonly #size: number
  readonly isFlexible = false
  readonly isKnown = true
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
    // MPIRE's rule: the fraction that rounding up has added is subtracted from the next size.
    this.#due += this.#size - Math.ceil(this.#due)
  }

  learn(): void {
    // The cost of tasks does not matter.
  }
}

/** Grows until a chunk costs a few milliseconds, and shrinks toward the end. */
export class AdaptiveChunkSize implements ChunkSize {
  readonly #nJobs: number
  readonly #tailUs: number
  readonly #chunkUs: number
  readonly #kept: number
  readonly #isDeep: boolean
  readonly isFlexible = true
  #size = 1
  /** The number of chunks of this size that were made while the cost is unknown. */
  #made = 0
  #taskUs: number | undefined
  #tasks = 0
  #elapsedUs = 0

  /** @param isDeep Whether many items are taken before the first result is there. Then chunks grow also while the cost is unknown. */
  constructor({ nJobs, cpus }: Crowd, isDeep: boolean = false) {
    this.#nJobs = nJobs
    // Workers that share a CPU take turns. To end together they need no equal parts, and to wake one takes longer than the last tasks.
    const sharing = Math.max(1, nJobs / cpus)
    this.#tailUs = TAIL_US * sharing
    this.#chunkUs = CHUNK_US * sharing
    this.#kept = Math.max(KEPT, 1 - FORGOTTEN_PER_ROUND / nJobs)
    this.#isDeep = isDeep
  }

  get current(): number {
    return this.#size
  }

  get isKnown(): boolean {
    return this.#taskUs !== undefined
  }

  next(remaining: number | undefined): number {
    if (remaining === undefined) return this.#size
    const share = Math.ceil(remaining / (2 * this.#nJobs))
    // A quarter of what a worker will get, in case the tasks are slow.
    if (this.#taskUs === undefined) return Math.max(1, Math.min(this.#size, Math.floor(share / 4)))
    const least = Math.min(this.#size, Math.ceil(this.#tailUs / this.#taskUs))
    return Math.max(1, Math.min(this.#size, Math.max(share, least)))
  }

  take(): void {
    // Thousands of chunks of one task would take longer than the rest of the call. The number of workers does not matter, because an idle
    // one gets a part of what another one has.
    if (!this.#isDeep || this.#taskUs !== undefined || ++this.#made < UNKNOWN_CHUNKS) return
    this.#made = 0
    this.#size = Math.min(this.#size * 2, UNKNOWN_MAX)
  }

  learn(count: number, elapsedUs: number): void {
    if (count === 0) return
    this.#tasks = this.#tasks * this.#kept + count
    this.#elapsedUs = this.#elapsedUs * this.#kept + elapsedUs - Math.min(this.#chunkUs, CHUNK_PART * elapsedUs)
    // The clock counts microseconds. A task that takes less than one is not free.
    this.#taskUs = Math.max(this.#elapsedUs / this.#tasks, 0.02)
    const wanted = Math.max(1, Math.floor((this.#isDeep ? LIST_TARGET_US : TARGET_US) / this.#taskUs))
    this.#size = Math.min(wanted, this.#size * GROWTH, ADAPTIVE_MAX)
  }
}
