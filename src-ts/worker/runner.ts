import { setImmediate } from '../primordials.js'
import { CALL_SHIFT, EACH, FAIL_FAST, TIMED } from '../protocol/index.js'
import type { TaskContext } from '../types/index.js'
import type { TaskCancellation } from './task-cancellation.js'
import type { Chunk, Progress } from './chunk.js'
import { BEGIN, STOP_CHUNK, type Claims } from './claims.js'
import { NumberLoop, RETURNED, STOPPED, THREW } from './number-loop.js'
import type { Outbox } from './outbox.js'
import { Stopwatch } from './stopwatch.js'
import type { Resolved } from './task-functions.js'
import { AWAITING, BEGUN, DONE, HALT, YIELD } from './run-state.js'
import { isThenable, type TaskInvoker } from './task-invoker.js'
import type { TimeSlice } from './time-slice.js'

type TaskClaims = Pick<Claims, 'beginFirstTask' | 'beginTask' | 'noteBegin' | 'noteLoading'>
type TaskSlice = Pick<TimeSlice, 'isOverAfterTask'>

/** Runs chunks one after the other, and their tasks one at a time. */
export class Runner {
  readonly #claims: TaskClaims
  readonly #outbox: Outbox
  readonly #timeSlice: TaskSlice
  readonly #cancellation: TaskCancellation
  readonly #invoker: TaskInvoker
  readonly #resume: () => void

  #chunk: Chunk = { seq: 0, firstTask: 0, from: 0, count: 0, definition: 0, flags: 0 }
  readonly #progress: Progress = { index: 0, isRunning: false }
  readonly #numbers: NumberLoop
  /** Whether the rest of this chunk may run in the loop for numbers. */
  #hasNumbers = false
  #isLoading = false
  #call = -1
  readonly #stopwatch = new Stopwatch()
  /** The results that have gathered are sent when the event loop runs again. */
  #isFlushDue = false

  constructor(
    claims: TaskClaims,
    outbox: Outbox,
    timeSlice: TaskSlice,
    cancellation: TaskCancellation,
    invoker: TaskInvoker,
    resume: () => void
  ) {
    this.#claims = claims
    this.#outbox = outbox
    this.#timeSlice = timeSlice
    this.#cancellation = cancellation
    this.#invoker = invoker
    this.#resume = resume
    this.#numbers = new NumberLoop(claims, outbox, timeSlice, cancellation, invoker)
  }

  /**
   * Begins the first task of a chunk that was begun on its slot. Loading the function is part of this task, so the parent can stop a
   * module that never finishes loading.
   * @param isLoaded Whether the chunk's function is loaded already.
   * @returns `BEGUN`, or how the chunk has already ended.
   */
  begin(chunk: Chunk, isLoaded: boolean): number {
    const call = chunk.flags >>> CALL_SHIFT
    // The results that have gathered belong to another call. A task of this call may kill the process before they are sent.
    if (call !== this.#call || (chunk.flags & EACH) !== 0) this.#outbox.flush()
    this.#call = call
    this.#chunk = chunk
    this.#cancellation.begin(chunk.seq)
    this.#progress.index = chunk.from
    this.#outbox.startChunk(chunk.seq, chunk.from)
    this.#stopwatch.start()
    this.#isLoading = !isLoaded
    if (this.#isLoading) this.#claims.noteLoading()
    else if ((chunk.flags & TIMED) !== 0) this.#claims.noteBegin()
    const begun = this.#claims.beginFirstTask(chunk.seq, chunk.firstTask)
    this.#progress.isRunning = begun === BEGIN
    if (this.#progress.isRunning) return BEGUN
    if (this.#isLoading) this.#claims.noteBegin()
    return begun === STOP_CHUNK ? this.#drop() : HALT
  }

  /** Prepares to run the chunk, whose function is there now. `payload` must stay as it is until the chunk ends. */
  start(payload: Uint8Array, resolved: Resolved): void {
    this.#invoker.open(payload, this.#chunk, resolved)
    this.#stopwatch.start()
    if (this.#isLoading || (this.#chunk.flags & TIMED) !== 0) this.#claims.noteBegin()
    this.#isLoading = false
    // In the other calls something is sent or noted for each task.
    this.#hasNumbers = (this.#chunk.flags & (EACH | TIMED)) === 0
  }

  /** Runs tasks until the chunk ends, a promise has to be awaited, or the event loop has to run. */
  run(): number {
    let state: number | undefined
    while (state === undefined && this.#progress.index < this.#chunk.count) {
      const numberFunction = this.#hasNumbers ? this.#invoker.numberFunction : undefined
      state = numberFunction === undefined ? this.#runTask() : this.#runNumbers(numberFunction)
    }
    return state ?? DONE
  }

  /** Runs the next task. Returns the state of the chunk, or undefined if its next task can begin. */
  #runTask(): number | undefined {
    const { firstTask, from, flags } = this.#chunk
    const { index } = this.#progress
    if ((flags & TIMED) !== 0 && index !== from) this.#claims.noteBegin()
    const begun = index === from ? BEGIN : this.#claims.beginTask(firstTask + index - from)
    if (begun !== BEGIN) return begun === STOP_CHUNK ? this.#drop() : HALT
    this.#progress.isRunning = true
    let value: unknown
    try {
      value = this.#invoker.invoke()
    } catch (error) {
      return this.#threw(error)
    }
    return this.#returned(value)
  }

  /** Runs tasks from numbers to numbers. Returns the same. */
  #runNumbers(numberFunction: (item: unknown) => unknown): number | undefined {
    const ended = this.#numbers.run(this.#chunk, this.#progress, numberFunction)
    const last = this.#numbers.takeLast()
    if (ended === STOPPED) return last === STOP_CHUNK ? this.#drop() : HALT
    if (ended === RETURNED || ended === THREW) this.#hasNumbers = false
    if (ended === RETURNED) return this.#returned(last)
    if (ended === THREW) return this.#threw(last)
    const isLast = this.#progress.index === this.#chunk.count
    const isRetiring = this.#outbox.retiresNow()
    this.#outbox.endResults(this.#stopwatch.lap(), isLast)
    if (isRetiring) this.#retire()
    if (isRetiring || isLast) return DONE
    if (this.#outbox.isFull || this.#numbers.isSliceOver) this.#outbox.flush()
    return this.#numbers.isSliceOver ? YIELD : undefined
  }

  /** The running task has returned. Returns the state of the chunk, or undefined if its next task can begin. */
  #returned(value: unknown): number | undefined {
    try {
      if (isThenable(value)) {
        void this.#await(value)
        return AWAITING
      }
    } catch (error) {
      return this.#threw(error)
    }
    if (this.#succeed(value)) return DONE
    if (!this.#timeSlice.isOverAfterTask()) return undefined
    if ((this.#chunk.flags & EACH) === 0) this.#flush()
    return YIELD
  }

  /** The running task has thrown. Returns the same. */
  #threw(error: unknown): number | undefined {
    if (this.#fail(error)) return DONE
    return this.#timeSlice.isOverAfterTask() ? YIELD : undefined
  }

  /** The context of the running task; undefined while its module is being loaded. */
  readonly current = (): TaskContext | undefined =>
    this.#progress.isRunning && !this.#isLoading ? this.#invoker.context() : undefined

  /** An unhandled error ends this process. The running task fails with it; without one the error is reported by itself. */
  interrupt(error: unknown): void {
    this.#outbox.endResults(this.#stopwatch.lap(), false)
    this.#outbox.addFault(this.#progress.isRunning ? undefined : { error })
    if (this.#progress.isRunning) this.#fail(error)
    else this.#outbox.flush()
  }

  /** This process was asked to end. The running task is its last one; then the parent lets it leave. */
  retire(): void {
    this.#outbox.isRetiring = true
    this.#outbox.endResults(this.#stopwatch.lap(), false)
    this.#outbox.addRetirement()
    this.#outbox.flush()
  }

  async #await(value: PromiseLike<unknown>): Promise<void> {
    if ((this.#chunk.flags & EACH) === 0 && !this.#isFlushDue) {
      this.#isFlushDue = true
      setImmediate(() => {
        this.#isFlushDue = false
        this.#flush()
      })
    }
    let result: unknown
    try {
      // `await` settles once, whatever a foreign `then` does. A call of `then` would trust it.
      result = await value
    } catch (error) {
      this.#fail(error)
      this.#resume()
      return
    }
    this.#succeed(result)
    this.#resume()
  }

  /** Records the result of the running task. True if the chunk has ended. */
  #succeed(value: unknown): boolean {
    const misfit = this.#invoker.misfit(value)
    if (misfit !== undefined) return this.#fail(misfit)
    this.#cancellation.end()
    const unsent = this.#outbox.addResult(value, this.#stopwatch.lap)
    if (unsent !== undefined) return this.#fail(unsent.failure)
    this.#progress.isRunning = false
    this.#progress.index++
    const isLast = this.#progress.index === this.#chunk.count
    const isEach = (this.#chunk.flags & EACH) !== 0
    const isRetiring = this.#outbox.retiresNow()
    if (isLast || isEach || isRetiring || this.#outbox.isFull) this.#outbox.endResults(this.#stopwatch.lap(), isLast)
    if (isEach || this.#outbox.isFull) this.#outbox.flush()
    return isRetiring ? this.#retire() : isLast
  }

  /** Records the failure of the running task. True if the chunk has ended. */
  #fail(error: unknown): boolean {
    this.#progress.isRunning = false
    this.#cancellation.end()
    this.#progress.index++
    const rest = this.#chunk.count - this.#progress.index
    this.#outbox.endResults(this.#stopwatch.lap(), false)
    const drops = rest > 0 && (this.#chunk.flags & FAIL_FAST) !== 0
    const isRetiring = this.#outbox.retiresNow()
    const elapsedUs = this.#stopwatch.lap()
    // A module that is being loaded has no task yet.
    this.#outbox.addFailure(error, this.#invoker.origin(!this.#isLoading), elapsedUs, rest === 0 || drops, drops)
    this.#outbox.flush()
    if (drops) this.#progress.index = this.#chunk.count
    if (isRetiring) return this.#retire()
    return this.#progress.index === this.#chunk.count
  }

  /** Gives the rest of the chunk back. The parent knows already that this worker retires. */
  #retire(): true {
    if (this.#progress.index < this.#chunk.count) this.#drop()
    this.#outbox.flush()
    return true
  }

  #drop(): number {
    this.#outbox.dropRest(this.#stopwatch.lap())
    this.#progress.index = this.#chunk.count
    return DONE
  }

  #flush(): void {
    this.#outbox.endResults(this.#stopwatch.lap(), false)
    this.#outbox.flush()
  }
}
