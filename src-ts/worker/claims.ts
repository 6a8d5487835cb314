import { Atomics, Error, Math, hrtime, monotonicMs } from '../primordials.js'
import {
  BEGUN,
  CONDEMNED,
  LOADING_BIT,
  SETUP_BIT,
  NUMBER_MASK,
  OFFERED,
  REVOKED,
  SKIP,
  SLOT_COUNT,
  SLOTS_AT,
  STATE_BITS,
  TASK_BEGAN_WORD,
  TASK_WORD
} from '../protocol/index.js'

/**
 * The worker's half of the claim words. The worker begins chunks and tasks on them, and the parent stops the worker on them. Both use
 * compare-and-exchange, so one of them wins. The core's `channel/claim.rs` explains the protocol, and loom checks it.
 */

/** The task may begin. */
export const BEGIN = 0
/** The parent does not want the rest of the chunk. */
export const STOP_CHUNK = 1
/** This process must begin nothing more. */
export const STOP_WORKER = 2

/** The claim words in the status block. */
export class Claims {
  readonly #words: Int32Array
  /** The claim word as this side wrote it last. The parent only adds flags. */
  #at = 0
  #originMs: number | undefined

  constructor(words: Int32Array) {
    this.#words = words
  }

  /** False if the parent has taken the chunk back. */
  beginChunk(seq: number): boolean {
    const offered = (seq << STATE_BITS) | OFFERED
    const begun = (seq << STATE_BITS) | BEGUN
    const found = Atomics.compareExchange(this.#words, SLOTS_AT + (seq % SLOT_COUNT), offered, begun)
    if (found === offered) return true
    // The chunk was taken back, perhaps so long ago that another chunk has its slot.
    const other = found >>> STATE_BITS
    if (found === ((seq << STATE_BITS) | REVOKED) || (other !== seq && other % SLOT_COUNT === seq % SLOT_COUNT))
      return false
    throw new Error('a chunk slot is out of step')
  }

  /** Begins a chunk's first task. The chunk may have been cancelled since it was begun. */
  beginFirstTask(seq: number, task: number): number {
    let answer = this.beginTask(task)
    // That flag was meant for the previous chunk.
    while (answer === STOP_CHUNK) answer = this.beginTask(task)
    if (answer !== BEGIN) return answer
    const slot = Atomics.load(this.#words, SLOTS_AT + (seq % SLOT_COUNT))
    return slot === ((seq << STATE_BITS) | BEGUN) ? BEGIN : STOP_CHUNK
  }

  /**
   * Notes that a task with a limit begins now, in milliseconds of the clock that both processes read. The time is rounded up, so the
   * task is never considered late too early. To be called before the claim word moves to the task.
   */
  noteBegin(): void {
    this.#noteBegin(0)
  }

  /** Notes that the function of the next task is being loaded from now on. Loading has a limit of its own. */
  noteLoading(): void {
    this.#noteBegin(LOADING_BIT)
  }

  /** Notes that this worker sets itself up for the next task from now on. That has a limit of its own too. */
  noteSetup(): void {
    this.#noteBegin(SETUP_BIT)
  }

  #noteBegin(bit: number): void {
    const now = this.#clockAtOrigin() + monotonicMs()
    Atomics.store(this.#words, TASK_BEGAN_WORD, (Math.ceil(now / 4) * 4) | bit)
  }

  /** The time of the common clock at the origin of this process's own clock. */
  #clockAtOrigin(): number {
    if (this.#originMs === undefined) {
      const [seconds, nanoseconds] = hrtime()
      this.#originMs = seconds * 1000 + nanoseconds / 1e6 - monotonicMs()
    }
    return this.#originMs
  }

  /** Begins the next task of a chunk. */
  beginTask(task: number): number {
    const next = (task & NUMBER_MASK) << STATE_BITS
    const found = Atomics.compareExchange(this.#words, TASK_WORD, this.#at, next)
    if (found === this.#at) {
      this.#at = next
      return BEGIN
    }
    if ((found & CONDEMNED) !== 0) return STOP_WORKER
    // Somebody else wrote the word. This process no longer knows where it is.
    if ((found & SKIP) === 0) throw new Error('the claim word is out of step')
    // The parent may condemn between the two exchanges. The next one shows it.
    Atomics.compareExchange(this.#words, TASK_WORD, found, this.#at)
    return STOP_CHUNK
  }
}
