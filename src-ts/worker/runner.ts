import { CALL_SHIFT, EACH, LOAD, TIMED } from '../protocol/index.js'
import type { TaskContext } from '../types/index.js'
import type { TaskCancellation } from './task-cancellation.js'
import { ChunkOutcomes } from './chunk-outcomes.js'
import type { Chunk, Progress } from './chunk.js'
import { BEGIN, STOP_CHUNK, type Claims } from './claims.js'
import { NumberLoop, RETURNED, STOPPED, THREW } from './number-loop.js'
import type { Observers } from './observers.js'
import type { Outbox } from './outbox.js'
import type { Resolved } from './task-functions.js'
import { AWAITING, BEGUN, DONE, HALT, YIELD } from './run-state.js'
import { isThenable, type TaskInvoker } from './task-invoker.js'
import type { TimeSlice } from './time-slice.js'

type TaskClaims = Pick<Claims, 'beginFirstTask' | 'beginTask' | 'noteBegin' | 'noteLoading' | 'noteSetup'>
type TaskSlice = Pick<TimeSlice, 'isOverAfterTask' | 'mayWaitUs'>

/** Runs chunks one after the other, and their tasks one at a time. */
export class Runner {
  readonly #claims: TaskClaims
  readonly #outbox: Outbox
  readonly #timeSlice: TaskSlice
  readonly #cancellation: TaskCancellation
  readonly #invoker: TaskInvoker
  readonly #resume: () => void
  readonly #observers: Pick<Observers, 'current'>

  #chunk: Chunk = { seq: 0, firstTask: 0, from: 0, count: 0, definition: 0, flags: 0 }
  readonly #progress: Progress = { index: 0, isRunning: false }
  readonly #outcomes: ChunkOutcomes
  readonly #numbers: NumberLoop
  /** Whether the rest of this chunk may run in the loop for numbers. */
  #hasNumbers = false
  #isLoading = false
  #isSettingUp = false
  #call = -1
  #hasYielded = false

  constructor(
    claims: TaskClaims,
    outbox: Outbox,
    timeSlice: TaskSlice,
    cancellation: TaskCancellation,
    invoker: TaskInvoker,
    resume: () => void,
    observers: Pick<Observers, 'current'>
  ) {
    this.#claims = claims
    this.#outbox = outbox
    this.#timeSlice = timeSlice
    this.#cancellation = cancellation
    this.#invoker = invoker
    this.#resume = resume
    this.#observers = observers
    this.#outcomes = new ChunkOutcomes(outbox, cancellation, invoker, this.#progress, observers)
    this.#numbers = new NumberLoop(claims, outbox, timeSlice, cancellation, invoker, observers)
  }

  /**
   * Begins the first task of a chunk that was begun on its slot. Loading the function is part of this task, so the parent can stop a
   * module that never finishes loading.
   * @param isReady Whether this worker is set up for the chunk already. The same holds for what sets it up.
   * @param isLoaded Whether the chunk's function is loaded already.
   * @returns `BEGUN`, or how the chunk has already ended.
   */
  begin(chunk: Chunk, isReady: boolean, isLoaded: boolean): number {
    const call = chunk.flags >>> CALL_SHIFT
    // The results that have gathered belong to another call. A task of this call may kill the process before they are sent.
    if (call !== this.#call || (chunk.flags & EACH) !== 0) this.#outbox.flush()
    this.#call = call
    this.#chunk = chunk
    this.#cancellation.begin(chunk.seq)
    this.#progress.index = chunk.from
    this.#hasYielded = false
    this.#outcomes.open(chunk)
    this.#isSettingUp = !isReady
    this.#isLoading = !isLoaded || !isReady
    if (this.#isLoading) this.#observers.current?.beginSetUp(this.#isSettingUp)
    if (this.#isSettingUp) this.#claims.noteSetup()
    else if (this.#isLoading) this.#claims.noteLoading()
    else if ((chunk.flags & TIMED) !== 0) this.#claims.noteBegin()
    const begun = this.#claims.beginFirstTask(chunk.seq, chunk.firstTask)
    this.#progress.isRunning = begun === BEGIN
    if (this.#progress.isRunning) return BEGUN
    if (this.#isLoading) {
      this.#claims.noteBegin()
      this.#observers.current?.pause(true)
    }
    return begun === STOP_CHUNK ? this.#outcomes.drop() : HALT
  }

  /** This worker is set up for the chunk. Its function is loaded next. */
  endSetup(): void {
    this.#isSettingUp = false
    this.#observers.current?.loads()
    this.#claims.noteLoading()
  }

  /** This worker could not be set up for the chunk, which ends with that. */
  failSetup(error: unknown): void {
    this.#isSettingUp = false
    this.#isLoading = false
    this.#claims.noteBegin()
    this.#outcomes.failSetup(error)
    this.#observers.current?.failSetUp()
  }

  /** Prepares to run the chunk, whose function is there now. `payload` must stay as it is until the chunk ends. */
  start(payload: Uint8Array, resolved: Resolved): void {
    this.#invoker.open(payload, this.#chunk, resolved)
    this.#outcomes.stopwatch.start()
    this.#observers.current?.openChunk((this.#chunk.flags & LOAD) === 0, this.#invoker)
    if (this.#isLoading || (this.#chunk.flags & TIMED) !== 0) this.#claims.noteBegin()
    this.#isLoading = false
    // In the other calls something is sent or noted for each task.
    this.#hasNumbers = (this.#chunk.flags & (EACH | TIMED)) === 0
  }

  /** Runs tasks until the chunk ends, a promise has to be awaited, or the event loop has to run. */
  run(): number {
    const observer = this.#observers.current
    if (observer === undefined) return this.#run()
    observer.resume()
    const state = this.#run()
    if (state !== AWAITING) observer.pause(state === DONE)
    return state
  }

  #run(): number {
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
    if (begun !== BEGIN) return begun === STOP_CHUNK ? this.#outcomes.drop() : HALT
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
    if (ended === STOPPED) return last === STOP_CHUNK ? this.#outcomes.drop() : HALT
    if (ended === RETURNED || ended === THREW) this.#hasNumbers = false
    if (ended === RETURNED) return this.#returned(last)
    if (ended === THREW) return this.#threw(last)
    const isLast = this.#progress.index === this.#chunk.count
    const isRetiring = this.#outbox.retiresNow()
    this.#outbox.endResults(this.#outcomes.stopwatch.lap(), isLast)
    if (isRetiring) this.#outcomes.retire()
    if (isRetiring || isLast) return DONE
    if (this.#outbox.isFull) this.#outbox.flush()
    return this.#numbers.isSliceOver ? this.#yield() : undefined
  }

  /**
   * The event loop runs. A timer of a task may end this process meanwhile, so the results are sent. The message of a chunk's first slice
   * does not wake the parent, because the chunk usually ends soon.
   */
  #yield(): number {
    const elapsedUs = this.#outcomes.stopwatch.lap()
    this.#outbox.endResults(elapsedUs, false)
    this.#outbox.flush(!this.#hasYielded && elapsedUs <= this.#timeSlice.mayWaitUs)
    this.#hasYielded = true
    return YIELD
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
    if (this.#outcomes.succeed(value)) return DONE
    return this.#timeSlice.isOverAfterTask() ? this.#yield() : undefined
  }

  /** The running task has thrown. Returns the same. */
  #threw(error: unknown): number | undefined {
    if (this.#fail(error)) return DONE
    return this.#timeSlice.isOverAfterTask() ? YIELD : undefined
  }

  /** The context of the running task; undefined while its module is being loaded. */
  readonly current = (): TaskContext | undefined =>
    this.#progress.isRunning && !this.#isLoading ? this.#invoker.context() : undefined

  /**
   * An unhandled error ends this process. The running task fails with it.
   * @param report Tells the parent, and with the error if no task fails with it.
   */
  interrupt(error: unknown, report: (stray: { readonly error: unknown } | undefined) => void): void {
    this.flush()
    report(this.#progress.isRunning ? undefined : { error })
    if (this.#isSettingUp) this.failSetup(error)
    else if (this.#progress.isRunning) this.#fail(error)
  }

  /** This process was asked to end. The running task, if there is one, is its last one; then the parent lets it leave. */
  retire(report: () => void): void {
    this.#outbox.isRetiring = true
    this.flush()
    report()
    if (!this.#progress.isRunning) this.#outcomes.retire()
  }

  /** Sends the results that have gathered. */
  flush(): void {
    this.#outcomes.flush()
  }

  #fail(error: unknown): boolean {
    return this.#outcomes.fail(error, !this.#isLoading)
  }

  async #await(value: PromiseLike<unknown>): Promise<void> {
    this.#outcomes.flushSoon()
    let result: unknown
    try {
      // `await` settles once, whatever a foreign `then` does. A call of `then` would trust it.
      result = await value
    } catch (error) {
      this.#fail(error)
      this.#resume()
      return
    }
    this.#outcomes.succeed(result)
    this.#resume()
  }
}
