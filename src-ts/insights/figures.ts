import { Float64Array, TextDecoder, Uint32Array, Uint8Array } from '../primordials.js'
import {
  BUCKETS,
  CPU,
  ELAPSED,
  INIT,
  PEAK_MEMORY,
  PID,
  PROCESS_COUNT,
  PROCESS_DOUBLES,
  PROCESSES_AT,
  RESET_AT,
  rowOf,
  SLOW_DOUBLES,
  SLOWEST,
  SLOWEST_AT,
  STATE,
  SUMS,
  TEXT_AT,
  TEXT_MOST,
  WAITING,
  WORKING
} from '../protocol/index.js'
import type { SlowTask } from '../types/index.js'

/** The sums of a worker, then these, which its process does not write. */
export const EXIT: number = SUMS
export const CPU_TIME: number = SUMS + 1
/** The time of tasks that have ended. */
export const TASK_TIME: number = SUMS + 2
export const ALL_SUMS: number = SUMS + 3

/** A region of figures, as this process reads it. What workers write there is checked by nobody, and nothing but insights is made of it. */
export class Figures {
  /** Its first worker. */
  readonly first: number
  readonly #doubles: Float64Array
  readonly #words: Uint32Array
  readonly #bytes: Uint8Array
  readonly #decoder = new TextDecoder()
  /** What is known of processes that have ended, by worker and sum. */
  readonly #ended: Float64Array

  /** @param memory Of so many rows. The first one is that of worker `first`. */
  constructor(memory: ArrayBuffer, first: number, rows: number) {
    this.first = first
    this.#doubles = new Float64Array(memory)
    this.#words = new Uint32Array(memory)
    this.#bytes = new Uint8Array(memory)
    this.#ended = new Float64Array(rows * ALL_SUMS)
  }

  set resetAt(now: number) {
    this.#doubles[RESET_AT] = now
  }

  /** The process of a worker has ended. */
  ended(worker: number, pid: number, now: number): void {
    const process = this.#processes(worker).find((at) => this.#doubles[at + PID] === pid)
    if (process === undefined) return
    const start = (worker - this.first) * ALL_SUMS
    this.#addProcess(process, now, this.#ended.subarray(start, start + ALL_SUMS))
    this.#doubles[process + PID] = 0
  }

  /** Adds all sums of a worker as they are now. They only grow. */
  addSums(worker: number, now: number, into: Float64Array): void {
    const row = this.#row(worker)
    const start = (worker - this.first) * ALL_SUMS
    for (let sum = 0; sum < ALL_SUMS; sum++) {
      const written = sum < SUMS ? (this.#doubles[row + sum] ?? 0) : 0
      into[sum] = (into[sum] ?? 0) + written + (this.#ended[start + sum] ?? 0)
    }
    into[TASK_TIME] = (into[TASK_TIME] ?? 0) + (this.#doubles[row + WORKING] ?? 0)
    for (const process of this.#processes(worker)) {
      if ((this.#doubles[process + PID] ?? 0) > 0) this.#addProcess(process, now, into)
    }
  }

  /** Adds the counts of a histogram. They only grow, modulo 2^32. */
  addCounts(worker: number, histogram: number, into: Uint32Array): void {
    const at = (this.#row(worker) + histogram) * 2
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      into[bucket] = (into[bucket] ?? 0) + (this.#words[at + bucket] ?? 0)
  }

  peakMemory(worker: number): number {
    return this.#doubles[this.#row(worker) + PEAK_MEMORY] ?? 0
  }

  /** The slowest tasks of a worker since the last reset. */
  slowest(worker: number): readonly SlowTask[] {
    const found: SlowTask[] = []
    for (let slot = 0; slot < SLOWEST; slot++) {
      const task = this.#readSlow(worker, this.#row(worker) + SLOWEST_AT + slot * SLOW_DOUBLES)
      if (task !== undefined) found.push(task)
    }
    return found
  }

  /** @returns undefined if there is none, or if the worker is writing it */
  #readSlow(workerId: number, at: number): SlowTask | undefined {
    // One of three looks finds it whole, unless the worker was killed while it wrote.
    for (let look = 0; look < 3; look++) {
      const copy = this.#bytes.slice(at * 8, (at + SLOW_DOUBLES) * 8)
      const version = new Uint32Array(copy.buffer)[0] ?? 0
      if ((version & 1) !== 0 || version !== this.#words[at * 2]) continue
      const doubles = new Float64Array(copy.buffer)
      const [time = 0, endedAt = 0, index = 0, count = 0, bytes = 0] = doubles.subarray(ELAPSED, ELAPSED + 5)
      if (time === 0 || endedAt <= (this.#doubles[RESET_AT] ?? 0)) return undefined
      const text = copy.subarray(TEXT_AT * 8, TEXT_AT * 8 + (bytes <= TEXT_MOST ? bytes : 0))
      return { time, index, count: count === 0 ? undefined : count, item: this.#decoder.decode(text), workerId }
    }
    return undefined
  }

  #row(worker: number): number {
    return rowOf(worker - this.first)
  }

  #processes(worker: number): readonly number[] {
    const first = this.#row(worker) + PROCESSES_AT
    const starts: number[] = []
    for (let at = 0; at < PROCESS_COUNT; at++) starts.push(first + at * PROCESS_DOUBLES)
    return starts
  }

  /** Adds what a process does now, and what it has noted of itself. */
  #addProcess(at: number, now: number, into: Float64Array): void {
    const [state = 0, since = now, cpu = 0] = this.#doubles.subarray(at + STATE, at + CPU + 1)
    const sum = state === INIT || state === WAITING || state === WORKING ? state : EXIT
    const elapsed = now - since
    if (elapsed > 0) into[sum] = (into[sum] ?? 0) + elapsed
    into[CPU_TIME] = (into[CPU_TIME] ?? 0) + cpu
  }
}
