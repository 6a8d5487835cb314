import { Atomics, Float64Array, monotonicMs, Uint32Array } from '../primordials.js'
import {
  clockOrigin,
  HOLDER_COUNT,
  HOLDER_DOUBLES,
  HOLDER_PID,
  HOLDER_SINCE,
  HOLDERS,
  HOLDERS_AT,
  KIND_CHUNK,
  KIND_FAILED,
  KIND_INIT,
  KIND_LOAD,
  KIND_TASK,
  KIND_WAIT,
  LOST,
  NAME_UNIT,
  OPEN_INDEX,
  OPEN_KIND,
  OPEN_SINCE,
  READ,
  RECORD_DOUBLES,
  ringRecords,
  TASK_INDEX,
  TASK_SINCE,
  TRACE_HEAD,
  traceRowOf,
  WRITTEN
} from '../protocol/index.js'
import type { EndedTask, OpenedChunk, TaskObserver } from './observers.js'

/** A shorter wait is not noted. */
const SHORTEST_WAIT_MS = 0.001

/**
 * Notes what this worker does, in a ring that the parent empties. It never waits for the parent: what finds no room is counted. A task
 * costs one reading of the clock.
 */
export class Tracer implements TaskObserver {
  readonly #doubles: Float64Array
  readonly #words: Uint32Array
  readonly #row: number
  /** The place of this process. */
  readonly #holder: number
  readonly #records: number
  readonly #origin = clockOrigin()
  #written: number
  #read: number
  #lost: number
  /** The number of the name of the chunk's function. */
  name = 0
  /** Nothing has gone on since then. */
  #idleSince: number
  /** What sets this worker up for a chunk now, or 0. */
  #setUp = 0
  #isInChunk = false
  /** Whether the event loop runs between two tasks. */
  #isPaused = false
  /** When the set-up or the chunk began. */
  #begunAt = 0
  #first = 0
  #tasks = 0
  /** The tasks that the chunk is to run. */
  #wanted = 0
  #endsWithFailure = false
  /** When the task that runs has begun, or the last one has ended. */
  #since = 0

  /**
   * @param memory A region of the trace.
   * @param number The row in it.
   * @param rows All of its rows.
   */
  constructor(memory: ArrayBuffer, number: number, rows: number, pid: number) {
    this.#doubles = new Float64Array(memory)
    this.#words = new Uint32Array(memory)
    this.#row = traceRowOf(number, rows)
    this.#records = ringRecords(rows)
    // A process before this one may have had the row.
    this.#written = this.#word(WRITTEN)
    this.#read = this.#loadRead()
    this.#lost = this.#word(LOST)
    this.#idleSince = this.#now()
    const holders = this.#word(HOLDERS)
    this.#holder = this.#row + HOLDERS_AT + (holders % HOLDER_COUNT) * HOLDER_DOUBLES
    Atomics.store(this.#words, this.#row * 2 + HOLDERS, holders + 1)
    this.#doubles[this.#holder + HOLDER_PID] = 0
    this.#enter(0, 0, 0)
    this.#doubles[this.#holder + HOLDER_SINCE] = this.#idleSince
    this.#doubles[this.#holder + HOLDER_PID] = pid
  }

  beginSetUp(isInit: boolean): void {
    this.#setUp = isInit ? KIND_INIT : KIND_LOAD
    this.#begunAt = this.#endWait()
    this.#enter(this.#setUp, this.#begunAt, 0)
  }

  loads(): void {
    const now = this.#now()
    this.#add(this.#setUp, 0, 0, this.#begunAt, now)
    this.#setUp = KIND_LOAD
    this.#begunAt = now
    this.#enter(KIND_LOAD, now, 0)
  }

  failSetUp(): void {
    this.#add(this.#setUp | KIND_FAILED, 0, 0, this.#begunAt, this.#now())
    this.pause(true)
  }

  openChunk(isTask: boolean, { nextIndex, tasks, endsWithFailure }: OpenedChunk): void {
    let now: number
    if (this.#setUp === 0) now = this.#endWait()
    else {
      now = this.#now()
      this.#add(this.#setUp, 0, 0, this.#begunAt, now)
      this.#setUp = 0
    }
    this.#idleSince = now
    this.#isInChunk = isTask
    if (!isTask) {
      this.#enter(0, 0, 0)
      return
    }
    this.#isPaused = false
    this.#begunAt = now
    this.#since = now
    this.#first = nextIndex
    this.#tasks = 0
    this.#wanted = tasks
    this.#endsWithFailure = endsWithFailure
    this.#enter(KIND_CHUNK, now, nextIndex)
    this.#beginTask(now, nextIndex)
  }

  resume(): void {
    if (!this.#isInChunk || !this.#isPaused) return
    this.#isPaused = false
    this.#since = this.#now()
    this.#doubles[this.#holder + TASK_SINCE] = this.#since
  }

  pause(isOver: boolean): void {
    if (this.#isInChunk) {
      if (isOver) this.#closeChunk()
      else {
        this.#isPaused = true
        this.#doubles[this.#holder + TASK_SINCE] = 0
      }
    } else if (this.#setUp !== 0) {
      this.#setUp = 0
      this.#idleSince = this.#now()
      this.#enter(0, 0, 0)
    }
  }

  taskEnded(isFailure: boolean, task: EndedTask): void {
    if (!this.#isInChunk) return
    const now = this.#now()
    const kind = isFailure ? KIND_TASK | KIND_FAILED : KIND_TASK
    this.#add(kind, task.index, task.batchCount ?? 1, this.#since, now)
    this.#since = now
    this.#tasks++
    // It is closed here, because the parent hears of this task before the runner has come to the end of the chunk.
    if (this.#tasks === this.#wanted || (isFailure && this.#endsWithFailure)) this.#closeChunk()
    else this.#beginTask(now, task.nextIndex)
  }

  #closeChunk(): void {
    this.#add(KIND_CHUNK, this.#first, this.#tasks, this.#begunAt, this.#since)
    this.#idleSince = this.#since
    this.#isInChunk = false
    this.#enter(0, 0, 0)
  }

  #now(): number {
    return monotonicMs() + this.#origin
  }

  #word(at: number): number {
    return Atomics.load(this.#words, this.#row * 2 + at)
  }

  #loadRead(): number {
    const read = this.#word(READ)
    // The counts start again after 2 ** 32 records.
    return read > this.#written ? read - 2 ** 32 : read
  }

  /** What goes on now, so that the parent knows what a death has cut. */
  #enter(kind: number, since: number, index: number): void {
    const doubles = this.#doubles
    doubles[this.#holder + TASK_SINCE] = 0
    doubles[this.#holder + OPEN_SINCE] = since
    doubles[this.#holder + OPEN_INDEX] = index
    doubles[this.#holder + OPEN_KIND] = kind === 0 ? 0 : kind + this.name * NAME_UNIT
  }

  /** The next task of the chunk begins. */
  #beginTask(now: number, index: number): void {
    this.#doubles[this.#holder + TASK_INDEX] = index
    this.#doubles[this.#holder + TASK_SINCE] = now
  }

  /** Returns the time. */
  #endWait(): number {
    const now = this.#now()
    if (now - this.#idleSince >= SHORTEST_WAIT_MS) this.#add(KIND_WAIT, 0, 0, this.#idleSince, now)
    return now
  }

  #add(kind: number, index: number, count: number, start: number, end: number): void {
    if (this.#written - this.#read >= this.#records) {
      this.#read = this.#loadRead()
      if (this.#written - this.#read >= this.#records) {
        this.#lost++
        Atomics.store(this.#words, this.#row * 2 + LOST, this.#lost)
        return
      }
    }
    const doubles = this.#doubles
    const at = this.#row + TRACE_HEAD + (this.#written % this.#records) * RECORD_DOUBLES
    doubles[at] = kind + this.name * NAME_UNIT
    doubles[at + 1] = index
    doubles[at + 2] = count
    doubles[at + 3] = start
    doubles[at + 4] = end
    this.#written++
    if (this.#written === 2 ** 32) {
      this.#written = 0
      this.#read -= 2 ** 32
    }
    Atomics.store(this.#words, this.#row * 2 + WRITTEN, this.#written)
  }
}
