import type { TaskCallable } from '../functions/instantiate/index.js'
import { Array, setImmediate } from '../primordials.js'
import { CALL_SHIFT, EACH, FAIL_FAST, PASS_CONTEXT, SPREAD, TIMED } from '../protocol/index.js'
import type { TaskContext } from '../types/index.js'
import type { Cancelling } from './cancelling.js'
import type { Chunk } from './chunk.js'
import { BEGIN, STOP_CHUNK, type Claims } from './claims.js'
import type { Isolation } from './isolation.js'
import { Lap } from './lap.js'
import type { Outbox } from './outbox.js'
import type { Resolved } from './functions.js'
import { AWAITING, BEGUN, DONE, HALT, YIELD } from './run-state.js'
import { TaskReader } from './task-reader.js'
import { isThenable } from './thenable.js'
import type { Turn } from './turn.js'

/** Runs the tasks of one chunk after the other, one at a time. */
export class Runner {
  readonly #claims: Claims
  readonly #outbox: Outbox
  readonly #turn: Turn
  readonly #workerId: number
  readonly #cancelling: Cancelling
  readonly #isolation: Isolation
  readonly #state: Record<string, unknown> = {}
  readonly #resume: () => void
  readonly #tasks = new TaskReader()

  #chunk: Chunk = { seq: 0, firstTask: 0, from: 0, count: 0, definition: 0, flags: 0 }
  #callable: TaskCallable | undefined
  #failure: unknown
  #index = 0
  /** The task at `index` has begun and has not ended. */
  #isRunning = false
  #isLoading = false
  #call = -1
  readonly #lap = new Lap()
  /** Results that wait are sent when the event loop has its turn. */
  #isFlushDue = false

  constructor(
    claims: Claims,
    outbox: Outbox,
    turn: Turn,
    cancelling: Cancelling,
    isolation: Isolation,
    workerId: number,
    resume: () => void
  ) {
    this.#claims = claims
    this.#outbox = outbox
    this.#turn = turn
    this.#workerId = workerId
    this.#cancelling = cancelling
    this.#isolation = isolation
    this.#resume = resume
  }

  /**
   * Begins the first task of a chunk that was begun on its slot: what it takes to have its function, such as loading a module
   * that never ends, is part of the task, so that the parent can stop it.
   * @param isLoaded False: the chunk's function has to be loaded.
   * @returns `BEGUN`, or how it ended already.
   */
  begin(chunk: Chunk, isLoaded: boolean): number {
    const call = chunk.flags >>> CALL_SHIFT
    // Results that wait belong to their own call: the next one's tasks may kill this process.
    if (call !== this.#call || (chunk.flags & EACH) !== 0) this.#outbox.flush()
    this.#call = call
    this.#chunk = chunk
    this.#cancelling.begin(chunk.seq)
    this.#index = chunk.from
    this.#outbox.startChunk(chunk.seq, chunk.from)
    this.#lap.begin()
    this.#isLoading = !isLoaded
    if (this.#isLoading) this.#claims.noteLoading()
    else if ((chunk.flags & TIMED) !== 0) this.#claims.noteBegin()
    const begun = this.#claims.beginFirstTask(chunk.seq, chunk.firstTask)
    this.#isRunning = begun === BEGIN
    if (this.#isRunning) return BEGUN
    if (this.#isLoading) this.#claims.noteBegin()
    return begun === STOP_CHUNK ? this.#drop() : HALT
  }

  /** Goes on to run the chunk. `payload` stays as it is until the chunk ends. */
  start(payload: Uint8Array, resolved: Resolved): void {
    this.#callable = 'callable' in resolved ? resolved.callable : undefined
    this.#failure = 'failure' in resolved ? resolved.failure : undefined
    this.#tasks.open(payload, this.#chunk.from, this.#chunk.flags)
    this.#lap.begin()
    if (this.#isLoading || (this.#chunk.flags & TIMED) !== 0) this.#claims.noteBegin()
    this.#isLoading = false
  }

  /** Runs tasks until the chunk ends, a promise has to be awaited, or the event loop needs a turn. */
  run(): number {
    const { firstTask, from, count, flags } = this.#chunk
    while (this.#index < count) {
      if ((flags & TIMED) !== 0 && this.#index !== from) this.#claims.noteBegin()
      const begun = this.#index === from ? BEGIN : this.#claims.beginTask(firstTask + this.#index - from)
      if (begun !== BEGIN) return begun === STOP_CHUNK ? this.#drop() : HALT
      this.#isRunning = true
      let value: unknown
      try {
        value = this.#isolation.run(this.#invoke)
        if (isThenable(value)) {
          void this.#await(value)
          return AWAITING
        }
      } catch (error) {
        if (this.#fail(error)) return DONE
        continue
      }
      if (this.#succeed(value)) return DONE
      if (this.#turn.isOverAfterTask()) {
        if ((flags & EACH) === 0) this.#flush()
        return YIELD
      }
    }
    return DONE
  }

  /** The context of the running task. A module that is being loaded is not part of it. */
  readonly current = (): TaskContext | undefined => (this.#isRunning && !this.#isLoading ? this.#context() : undefined)

  /** An error that nobody handles ends this process: the task that runs fails by it, or it is told on its own. */
  interrupt(error: unknown): void {
    this.#outbox.endResults(this.#lap.end(), false)
    this.#outbox.addFault(this.#isRunning ? undefined : { error })
    if (this.#isRunning) this.#fail(error)
    else this.#outbox.flush()
  }

  /** This process was asked to end: the running task is its last one, and the parent then lets it leave. */
  retire(): void {
    this.#outbox.isRetiring = true
    this.#outbox.endResults(this.#lap.end(), false)
    this.#outbox.addRetirement()
    this.#outbox.flush()
  }

  readonly #invoke = (): unknown => {
    const item = this.#tasks.read()
    if (this.#callable === undefined) throw this.#failure
    const { call, isNative } = this.#callable
    const takesContext = (this.#chunk.flags & PASS_CONTEXT) !== 0 && !isNative
    // As in MPIRE, an item that is no list of arguments is the argument.
    if ((this.#chunk.flags & SPREAD) !== 0 && Array.isArray(item)) {
      const args: unknown[] = item
      return takesContext ? call(...args, this.#context()) : call(...args)
    }
    return takesContext ? call(item, this.#context()) : call(item)
  }

  #context(): TaskContext {
    return this.#cancelling.contextOf(this.#workerId, this.#tasks.index, this.#state)
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
      // Settles once, whatever a foreign `then` does; calling `then` here would trust that of a promise.
      result = await value
    } catch (error) {
      this.#fail(error)
      this.#resume()
      return
    }
    this.#succeed(result)
    this.#resume()
  }

  /** Takes in a result; true when the chunk has ended. */
  #succeed(value: unknown): boolean {
    const misfit = this.#tasks.misfit(value)
    if (misfit !== undefined) return this.#fail(misfit)
    this.#cancelling.end()
    const unsent = this.#outbox.addResult(value, this.#lap.end)
    if (unsent !== undefined) return this.#fail(unsent.failure)
    this.#isRunning = false
    this.#index++
    const isLast = this.#index === this.#chunk.count
    const isEach = (this.#chunk.flags & EACH) !== 0
    const isRetiring = this.#outbox.retiresNow()
    if (isLast || isEach || isRetiring || this.#outbox.isFull) this.#outbox.endResults(this.#lap.end(), isLast)
    if (isEach || this.#outbox.isFull) this.#outbox.flush()
    return isRetiring ? this.#retire() : isLast
  }

  /** Takes in a failure; true when the chunk has ended. */
  #fail(error: unknown): boolean {
    this.#isRunning = false
    this.#cancelling.end()
    this.#index++
    const rest = this.#chunk.count - this.#index
    this.#outbox.endResults(this.#lap.end(), false)
    const drops = rest > 0 && (this.#chunk.flags & FAIL_FAST) !== 0
    const isRetiring = this.#outbox.retiresNow()
    this.#outbox.addFailure(error, this.#lap.end(), rest === 0 || drops, drops)
    this.#outbox.flush()
    if (drops) this.#index = this.#chunk.count
    if (isRetiring) return this.#retire()
    return this.#index === this.#chunk.count
  }

  /** Gives back what was not run, having told that this worker retires. */
  #retire(): true {
    if (this.#index < this.#chunk.count) this.#drop()
    this.#outbox.flush()
    return true
  }

  #drop(): number {
    this.#outbox.dropRest(this.#lap.end())
    this.#index = this.#chunk.count
    return DONE
  }

  #flush(): void {
    this.#outbox.endResults(this.#lap.end(), false)
    this.#outbox.flush()
  }
}
