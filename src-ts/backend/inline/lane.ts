import type { BackendListener, OutcomeListener, Stop } from '../index.js'
import { encodeReason } from '../abort-reason.js'
import { Reader, readFailure } from '../../codec/index.js'
import { process, setTimeout, Uint32Array } from '../../primordials.js'
import {
  HEADER_BYTES,
  OUTCOME_DROPPED,
  OUTCOME_ERROR,
  OUTCOME_LAST,
  OUTCOME_SETUP,
  paddedLength
} from '../../protocol/index.js'
import { ChunkQueue, type InlineChunk, isLoad, isUrgent, openTasks } from './chunk-queue.js'
import { Executor, type ExecutorListener, type ExecutorSettings } from './executor.js'
import type { TaskCounts } from './task-counts.js'
import { runOutside } from './task-scope.js'

/** The events of a lane for its back end. */
export interface LaneListener {
  /** A chunk has ended. */
  ended(lane: Lane): void
}

/** Runs the chunks that it receives, one task at a time. */
export class Lane implements ExecutorListener {
  readonly #settings: ExecutorSettings
  readonly #counts: TaskCounts
  readonly #calls: Pick<BackendListener, 'find' | 'setupFailed'>
  readonly #listener: LaneListener
  readonly #queue = new ChunkQueue()
  readonly #reader = new Reader()
  #executor: Executor
  /** The running chunk. */
  #chunk: InlineChunk | undefined
  /** Whether the call of the running chunk has ended. */
  #isCancelled = false
  /** Whether the rest of the running chunk waits until an `apply` has run. */
  #isInterrupted = false
  #isScheduled = false

  constructor(
    settings: ExecutorSettings,
    counts: TaskCounts,
    calls: Pick<BackendListener, 'find' | 'setupFailed'>,
    listener: LaneListener
  ) {
    this.#settings = settings
    this.#counts = counts
    this.#calls = calls
    this.#listener = listener
    this.#executor = new Executor(settings, this)
  }

  get isIdle(): boolean {
    return this.#chunk === undefined && !this.#queue.some(() => true)
  }

  /** The number of running tasks. */
  get running(): number {
    // A chunk that is about to end has no task left.
    return this.#chunk === undefined || openTasks(this.#chunk) === 0 ? 0 : 1
  }

  /** Whether one more `apply` may wait if at most `limit` may. */
  hasRoom(limit: number): boolean {
    const isTaken = this.#chunk !== undefined || this.#queue.hasOthers
    return this.#queue.urgentCount < limit + (isTaken ? 0 : 1)
  }

  /** Whether a chunk of this kind runs or waits. */
  has(isWanted: (chunk: InlineChunk) => boolean): boolean {
    return (this.#chunk !== undefined && isWanted(this.#chunk)) || this.#queue.some(isWanted)
  }

  submit(chunks: readonly InlineChunk[]): void {
    for (const chunk of chunks) this.#queue.add(chunk)
    this.#schedule()
  }

  cancel(call: number, stop: Stop | undefined): void {
    this.#counts.cancelled += this.#queue.drop(call)
    const chunk = this.#chunk
    if (chunk?.header.call !== call) return
    this.#isCancelled = true
    if (stop === undefined) return
    const executor = this.#executor
    // A module that is being loaded cannot be notified.
    if (stop.graceMs === 0 || executor.isLoading) {
      this.#replaceExecutor()
      return
    }
    const reason = encodeReason(stop.reason)
    runOutside(() => {
      const ifOn = (act: () => void) => () => void (this.#executor === executor && this.#chunk === chunk && act())
      this.#settings.pace.later(ifOn(() => executor.tell(reason)))
      setTimeout(ifOn(() => this.#replaceExecutor()), stop.graceMs).unref() // prettier-ignore
    })
  }

  /** Drops everything. The signal of the running task aborts, and the task goes on by itself. */
  terminate(): void {
    this.#counts.cancelled += this.#queue.drop()
    if (this.#chunk === undefined) return
    const executor = this.#executor
    this.#replaceExecutor()
    runOutside(() => this.#settings.pace.later(() => executor.tell()))
  }

  goesOn(): boolean {
    if (this.#isCancelled) return false
    this.#isInterrupted = this.#chunk !== undefined && !isUrgent(this.#chunk) && this.#queue.isUrgentNext
    return !this.#isInterrupted
  }

  outcomes(frames: Uint8Array, length: number): void {
    const chunk = this.#chunk
    if (chunk === undefined) return
    const call = this.#calls.find(chunk.header.call)
    // The receiver of an outcome may end the pool.
    for (let at = 0; at < length && this.#chunk === chunk;) {
      const words = new Uint32Array(frames.buffer, frames.byteOffset + at, HEADER_BYTES / 4)
      const start = at + HEADER_BYTES
      const end = start + (words[0] ?? 0)
      at = start + paddedLength(words[0] ?? 0)
      this.#reader.reset(frames, start, end)
      this.#take(chunk, call, words)
    }
    call?.afterBatch?.()
  }

  ended(): void {
    const chunk = this.#chunk
    this.#chunk = undefined
    if (chunk !== undefined && this.#isInterrupted) this.#queue.putBack(chunk)
    else chunk?.regions?.sent()
    this.#listener.ended(this)
    this.#settings.pace.soon(() => this.#next())
  }

  /** Counts the outcomes of a frame, and passes them on. */
  #take(chunk: InlineChunk, call: OutcomeListener | undefined, words: Uint32Array): void {
    const [, , , first = 0, count = 0, flags = 0, elapsedUs = 0] = words
    const isFailure = (flags & OUTCOME_ERROR) !== 0
    chunk.from = first + count
    const counted = isLoad(chunk.header) ? 0 : count
    if (isFailure) this.#counts.failed += counted
    else this.#counts.completed += counted
    const isDropped = (flags & OUTCOME_DROPPED) !== 0
    if (isDropped && count === 0 && this.#isInterrupted) return
    if (isDropped) this.#counts.cancelled += openTasks(chunk)
    if ((flags & OUTCOME_SETUP) !== 0) {
      const worker = { workerId: 0, pid: process.pid, exitCode: null, signal: null, timeout: null }
      const cause = readFailure(this.#reader)
      this.#calls.setupFailed(chunk.header.setup, { ...worker, cause, hasThrown: true })
      return
    }
    try {
      call?.outcome(
        chunk.header.chunk,
        first,
        count,
        isFailure,
        (flags & OUTCOME_LAST) !== 0,
        elapsedUs,
        this.#reader,
        1
      )
    } catch (error) {
      call?.abort(error, false)
    }
  }

  /** Abandons the running task, and goes on with the next chunk. */
  #replaceExecutor(): void {
    if (this.#chunk !== undefined) this.#counts.cancelled += openTasks(this.#chunk)
    this.#executor.kill()
    this.#executor = new Executor(this.#settings, this)
    this.#chunk = undefined
    this.#listener.ended(this)
    this.#schedule()
  }

  /** Begins after the caller has finished. */
  #schedule(): void {
    if (this.#chunk !== undefined || this.#isScheduled) return
    this.#isScheduled = true
    runOutside(() =>
      this.#settings.pace.later(() => {
        this.#isScheduled = false
        this.#next()
      })
    )
  }

  #next(): void {
    if (this.#chunk !== undefined) return
    const chunk = this.#queue.take()
    if (chunk === undefined) return
    this.#chunk = chunk
    this.#isCancelled = false
    this.#isInterrupted = false
    this.#executor.start(chunk)
  }
}
