import { Float64Array, Math, monotonicMs, TextEncoder, Uint32Array, Uint8Array } from '../primordials.js'
import {
  BYTES_IN,
  BYTES_OUT,
  bucketOf,
  clockOrigin,
  COUNT,
  CPU,
  ELAPSED,
  ENDED_AT,
  FAILED,
  INDEX,
  INIT,
  LEAVING,
  PEAK_MEMORY,
  PID,
  PROCESS_COUNT,
  PROCESS_DOUBLES,
  PROCESSES,
  PROCESSES_AT,
  QUEUE_TIMES_AT,
  QUEUED,
  RESET_AT,
  rowOf,
  SINCE,
  SLOW_DOUBLES,
  SLOWEST,
  SLOWEST_AT,
  START_UP,
  STATE,
  TASK_TIMES_AT,
  TASKS,
  TEXT_AT,
  TEXT_BYTES,
  TEXT_MOST,
  WAITING,
  WORKING
} from '../protocol/index.js'
import type { EndedTask, OpenedChunk, TaskObserver } from './observers.js'

/**
 * Writes the figures of this worker. All time is put down to one of the sums, from one reading of the clock to the next: a chunk costs
 * one reading, and so does a task. Nothing is allocated for a task, unless it is one of the slowest.
 */
export class Recorder implements TaskObserver {
  readonly #doubles: Float64Array
  readonly #words: Uint32Array
  readonly #bytes: Uint8Array
  readonly #row: number
  readonly #process: number
  readonly #origin = clockOrigin()
  readonly #encoder = new TextEncoder()
  /** The sum that grows now. */
  #state = WAITING
  #since: number
  /** When the current chunk began. */
  #begunAt = 0
  /** Whether what runs is a task, and not the loading of a function ahead of tasks. */
  #isTask = true
  /** A task that takes longer is one of the slowest. */
  #floor = 0
  #resetAt = 0

  /**
   * @param figures A region of the pool's figures.
   * @param number The row in it.
   * @param upMs How long this process took to become ready.
   */
  constructor(figures: ArrayBuffer, number: number, pid: number, upMs: number) {
    this.#doubles = new Float64Array(figures)
    this.#words = new Uint32Array(figures)
    this.#bytes = new Uint8Array(figures)
    this.#row = rowOf(number)
    this.#since = monotonicMs()
    const before = this.#doubles[this.#row + PROCESSES] ?? 0
    this.#process = this.#row + PROCESSES_AT + (before % PROCESS_COUNT) * PROCESS_DOUBLES
    this.#doubles[this.#process + CPU] = 0
    this.#enter(WAITING)
    this.#doubles[this.#process + PID] = pid
    this.#add(PROCESSES, 1)
    this.#add(START_UP, upMs)
  }

  beginSetUp(): void {
    this.#turn(INIT)
    this.#begunAt = this.#since
  }

  loads(): void {
    // It counts as part of the same time.
  }

  failSetUp(): void {
    this.pause()
  }

  openChunk(isTask: boolean, { madeAt }: OpenedChunk): void {
    const begunAt = this.#state === INIT ? this.#begunAt : undefined
    this.#isTask = isTask
    this.#turn(WORKING)
    if (!isTask || madeAt === undefined) return
    const queued = Math.max((begunAt ?? this.#since) + this.#origin - madeAt, 0)
    this.#add(QUEUED, queued)
    this.#count(QUEUE_TIMES_AT, queued)
    const resetAt = this.#doubles[RESET_AT] ?? 0
    if (resetAt === this.#resetAt) return
    this.#resetAt = resetAt
    this.#floor = this.#findFastest().elapsed
  }

  resume(): void {
    if (this.#state !== WORKING) this.#turn(WORKING)
  }

  pause(): void {
    if (this.#state === WORKING) this.#enter(WAITING)
    else this.#turn(WAITING)
  }

  taskEnded(isFailure: boolean, task: EndedTask): void {
    const now = monotonicMs()
    const elapsed = now - this.#since
    const doubles = this.#doubles
    this.#since = now
    doubles[this.#process + SINCE] = now + this.#origin
    if (!this.#isTask) {
      this.#add(INIT, elapsed)
      return
    }
    this.#add(this.#state, elapsed)
    this.#add(TASKS, 1)
    if (isFailure) this.#add(FAILED, 1)
    this.#count(TASK_TIMES_AT, elapsed)
    if (elapsed > this.#floor) this.#noteSlow(elapsed, now + this.#origin, task)
  }

  /** A message of so many bytes has arrived. */
  received(bytes: number): void {
    this.#add(BYTES_IN, bytes)
  }

  /** Sends so many bytes. The time for which the parent has no room is no time of tasks. */
  send(bytes: number, act: () => void): void {
    this.#add(BYTES_OUT, bytes)
    const before = monotonicMs()
    act()
    const blocked = monotonicMs() - before
    this.#add(WAITING, blocked)
    this.#since += blocked
    this.#doubles[this.#process + SINCE] = this.#since + this.#origin
  }

  /** What this process has used so far. */
  measured(peakBytes: number, cpuMs: number): void {
    const doubles = this.#doubles
    doubles[this.#process + CPU] = cpuMs
    doubles[this.#row + PEAK_MEMORY] = Math.max(doubles[this.#row + PEAK_MEMORY] ?? 0, peakBytes)
  }

  /** This worker leaves. What follows is in no sum: the parent knows when it has ended. */
  leave(): void {
    this.#turn(WAITING)
    this.#enter(LEAVING)
  }

  #add(sum: number, amount: number): void {
    const at = this.#row + sum
    this.#doubles[at] = (this.#doubles[at] ?? 0) + amount
  }

  #count(histogram: number, milliseconds: number): void {
    const at = (this.#row + histogram) * 2 + bucketOf(milliseconds)
    this.#words[at] = (this.#words[at] ?? 0) + 1
  }

  /** Puts the time since the last reading down to the sum that has grown, and lets another one grow. */
  #turn(state: number): void {
    const now = monotonicMs()
    this.#add(this.#state, now - this.#since)
    this.#since = now
    this.#enter(state)
  }

  #enter(state: number): void {
    this.#state = state
    this.#doubles[this.#process + STATE] = state
    this.#doubles[this.#process + SINCE] = this.#since + this.#origin
  }

  #noteSlow(elapsed: number, endedAt: number, task: EndedTask): void {
    const { at } = this.#findFastest()
    const text = task.text() ?? ''
    const doubles = this.#doubles
    const version = (this.#words[at * 2] ?? 0) | 1
    this.#words[at * 2] = version
    doubles[at + ELAPSED] = elapsed
    doubles[at + ENDED_AT] = endedAt
    doubles[at + INDEX] = task.index
    doubles[at + COUNT] = task.batchCount ?? 0
    const start = (at + TEXT_AT) * 8
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(start, start + TEXT_MOST))
    doubles[at + TEXT_BYTES] = written
    this.#words[at * 2] = version + 1
    this.#floor = this.#findFastest().elapsed
  }

  /** The place of the fastest of the slowest tasks. A place that is free has a time of 0. */
  #findFastest(): { readonly at: number; readonly elapsed: number } {
    let fastest = { at: this.#row + SLOWEST_AT, elapsed: Infinity }
    for (let slot = 0; slot < SLOWEST; slot++) {
      const at = this.#row + SLOWEST_AT + slot * SLOW_DOUBLES
      // A process that was killed while it wrote leaves an odd version.
      const isWhole = ((this.#words[at * 2] ?? 0) & 1) === 0
      const isRecent = (this.#doubles[at + ENDED_AT] ?? 0) > this.#resetAt
      const elapsed = isWhole && isRecent ? (this.#doubles[at + ELAPSED] ?? 0) : 0
      if (elapsed < fastest.elapsed) fastest = { at, elapsed }
    }
    return fastest
  }
}
