import { setImmediate } from '../primordials.js'
import { EACH, FAIL_FAST } from '../protocol/index.js'
import type { Chunk, Progress } from './chunk.js'
import type { Observers } from './observers.js'
import type { Outbox } from './outbox.js'
import { DONE } from './run-state.js'
import { Stopwatch } from './stopwatch.js'
import type { TaskCancellation } from './task-cancellation.js'
import type { TaskInvoker } from './task-invoker.js'

/** Records how the tasks of the running chunk end. */
export class ChunkOutcomes {
  readonly #outbox: Outbox
  readonly #cancellation: TaskCancellation
  readonly #invoker: TaskInvoker
  readonly #progress: Progress
  readonly #observers: Pick<Observers, 'current'>
  readonly stopwatch: Stopwatch = new Stopwatch()
  #isFlushDue = false
  #chunk: Chunk = { seq: 0, firstTask: 0, from: 0, count: 0, definition: 0, flags: 0 }

  constructor(
    outbox: Outbox,
    cancellation: TaskCancellation,
    invoker: TaskInvoker,
    progress: Progress,
    observers: Pick<Observers, 'current'>
  ) {
    this.#outbox = outbox
    this.#cancellation = cancellation
    this.#invoker = invoker
    this.#progress = progress
    this.#observers = observers
  }

  /** The next outcomes are those of this chunk. */
  open(chunk: Chunk): void {
    this.#chunk = chunk
    this.#outbox.startChunk(chunk.seq, chunk.from)
    this.stopwatch.start()
  }

  /** Records the result of the running task. True if the chunk has ended. */
  succeed(value: unknown): boolean {
    const misfit = this.#invoker.misfit(value)
    if (misfit !== undefined) return this.fail(misfit, true)
    this.#cancellation.end()
    const unsent = this.#outbox.addResult(value, this.stopwatch.lap)
    if (unsent !== undefined) return this.fail(unsent.failure, true)
    this.#observers.current?.taskEnded(false, this.#invoker)
    this.#progress.isRunning = false
    this.#progress.index++
    const isLast = this.#progress.index === this.#chunk.count
    const isEach = (this.#chunk.flags & EACH) !== 0
    const isRetiring = this.#outbox.retiresNow()
    if (isLast || isEach || isRetiring || this.#outbox.isFull) this.#outbox.endResults(this.stopwatch.lap(), isLast)
    if (isEach || this.#outbox.isFull) this.#outbox.flush()
    return isRetiring ? this.retire() : isLast
  }

  /**
   * Records the failure of the running task.
   * @param isRead False if its module was being loaded, so that there was no task yet.
   * @returns true if the chunk has ended
   */
  fail(error: unknown, isRead: boolean): boolean {
    this.#observers.current?.taskEnded(true, this.#invoker)
    this.#progress.isRunning = false
    this.#cancellation.end()
    this.#progress.index++
    const rest = this.#chunk.count - this.#progress.index
    this.#outbox.endResults(this.stopwatch.lap(), false)
    const drops = rest > 0 && (this.#chunk.flags & FAIL_FAST) !== 0
    const isRetiring = this.#outbox.retiresNow()
    const elapsedUs = this.stopwatch.lap()
    this.#outbox.addFailure(error, this.#invoker.origin(isRead), elapsedUs, rest === 0 || drops, drops)
    this.#outbox.flush()
    if (drops) this.#progress.index = this.#chunk.count
    if (isRetiring) return this.retire()
    return this.#progress.index === this.#chunk.count
  }

  /** Records that this worker could not be set up for the chunk, which ends with that. */
  failSetup(error: unknown): void {
    this.#progress.isRunning = false
    this.#cancellation.end()
    this.#outbox.retiresNow()
    const isLast = this.#progress.index + 1 === this.#chunk.count
    this.#outbox.addSetupFailure(error, this.stopwatch.lap(), !isLast)
    this.#outbox.flush()
    this.#progress.index = this.#chunk.count
  }

  /** Gives the rest of the chunk back. The parent knows already that this worker retires. */
  retire(): true {
    if (this.#progress.index < this.#chunk.count) this.drop()
    this.#outbox.flush()
    return true
  }

  /** Ends the chunk before its last task, because the parent wants no more of it. */
  drop(): number {
    this.#outbox.dropRest(this.stopwatch.lap())
    this.#progress.index = this.#chunk.count
    return DONE
  }

  /** Sends the results that have gathered when the event loop has run, because the task that is awaited may take long. */
  flushSoon(): void {
    if (this.#isFlushDue || (this.#chunk.flags & EACH) !== 0) return
    this.#isFlushDue = true
    setImmediate(() => {
      this.#isFlushDue = false
      this.flush()
    })
  }

  /** Sends the results that have gathered. */
  flush(): void {
    this.#outbox.endResults(this.stopwatch.lap(), false)
    this.#outbox.flush()
  }
}
