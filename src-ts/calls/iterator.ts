import type { PackedResults } from '../codec/index.js'
import { Promise, afterwards, promiseOf, rejection } from '../primordials.js'
import { type LazyKind, MAP_TRAITS } from './map-kinds.js'
import { FailedResult, ReadyResults } from './ready-results.js'
import { chooseShape, type ResultShape } from './result-shape.js'
import type { AfterFailure, Sink } from './sink.js'

/** What the iterator needs from its call. */
export interface IteratorCall {
  /** Runs the first tasks. Later calls continue the input after results were taken. */
  advance(): void
  /** Drops queued tasks and ends the input. With `kill`, running tasks are notified, and their workers killed after `killGrace`. */
  drop(kill: boolean): void
  /** Tells whether the consumer waits for a result. A forgotten iterator between two steps must not keep the process alive. */
  setAwaited(isAwaited: boolean): void
}

interface Waiter {
  resolve(step: IteratorResult<unknown, undefined>): void
  reject(error: unknown): void
}

const FINISHED = { done: true, value: undefined } as const

/** While more than so many results are ready, the call looks for new items once per `STEPS_PER_LOOK` steps, and not at each. */
const AMPLE = 64
const STEPS_PER_LOOK = 32

/** The results of a lazy map. It is both the iterator and the sink that feeds it. */
export class LazyResults implements AsyncIterableIterator<unknown>, Sink {
  readonly #isOrdered: boolean
  readonly #shape: ResultShape
  readonly #waiters: Waiter[] = []
  readonly #ready: ReadyResults
  /** What follows the last entry: nothing yet, the end, or an error. */
  #last: 'open' | 'done' | { readonly error: unknown } = 'open'
  #call: IteratorCall | undefined
  #isAwaited = false
  #stepsSinceLook = 0

  constructor(kind: LazyKind, withIndex: boolean) {
    this.#isOrdered = MAP_TRAITS[kind].isOrdered
    this.#ready = new ReadyResults(this.#isOrdered)
    this.#shape = chooseShape(MAP_TRAITS[kind], withIndex)
  }

  /** Binds the iterator to the call that feeds it. */
  attach(call: IteratorCall): this {
    this.#call = call
    return this
  }

  get unread(): number {
    return this.#ready.size
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const ready = this.#ready
    // The usual case, without a pending call: whoever waits has taken all that was ready.
    if (ready.hasNext && !(ready.next instanceof FailedResult)) {
      const step = promiseOf({ done: false as const, value: ready.take() })
      if (ready.size < AMPLE || ++this.#stepsSinceLook >= STEPS_PER_LOOK) this.#look()
      return step
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#deliver()
      this.#call?.advance()
      this.#updateAwaited()
    })
  }

  #look(): void {
    this.#stepsSinceLook = 0
    this.#call?.advance()
  }

  return(value?: unknown): Promise<IteratorResult<unknown, undefined>> {
    this.#finish('done')
    this.#call?.drop(true)
    return afterwards(promiseOf(value), (result) => ({ done: true, value: result as undefined }))
  }

  throw(error?: unknown): Promise<IteratorResult<unknown, undefined>> {
    this.#finish('done')
    this.#call?.drop(true)
    return rejection(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  value(index: number, value: unknown): void {
    this.#add(index, this.#shape.value(index, value))
  }

  several(index: number, values: PackedResults): void {
    for (let at = 0; at < values.length; at++) this.value(index + at, values[at])
  }

  failure(index: number, error: unknown): AfterFailure {
    if (this.#shape.failure !== undefined) {
      this.#add(index, this.#shape.failure(index, error))
      return 'go on'
    }
    this.#add(index, new FailedResult(error))
    // In order: the results before the failure are still wanted.
    return this.#last === 'open' && this.#isOrdered ? 'drain' : 'end'
  }

  end(): void {
    if (this.#last === 'open') this.#last = 'done'
    this.#deliver()
  }

  stopped(error: unknown): void {
    if (this.#last === 'open') this.#last = { error }
    this.#deliver()
  }

  abort(error: unknown): void {
    if (this.#last === 'open') this.#finish({ error })
  }

  #add(index: number, result: unknown): void {
    this.#ready.add(index, result)
    if (this.#waiters.length > 0) this.#deliver()
  }

  /** Hands results over to pending `next()` calls. */
  #deliver(): void {
    const ready = this.#ready
    while (this.#waiters.length > 0 && ready.hasNext) {
      const result = ready.take()
      if (result instanceof FailedResult) {
        this.#finish('done', result)
        this.#call?.drop(false)
        return
      }
      this.#waiters.shift()?.resolve({ done: false, value: result })
    }
    if (this.#last !== 'open' && !ready.hasNext) this.#finish(this.#last)
    else this.#updateAwaited()
  }

  /** Nothing but `last` follows. If `failed` is given, the first pending `next()` rejects with it. */
  #finish(last: 'done' | { readonly error: unknown }, failed?: { readonly error: unknown }): void {
    this.#ready.clear()
    this.#last = last
    if (failed !== undefined) this.#waiters.shift()?.reject(failed.error)
    for (const waiter of this.#waiters.splice(0)) {
      if (this.#last === 'done') waiter.resolve(FINISHED)
      else {
        waiter.reject(last === 'done' ? undefined : last.error)
        // As with any iterator, the failure is thrown once, and then the iterator has ended.
        this.#last = 'done'
      }
    }
    this.#updateAwaited()
  }

  #updateAwaited(): void {
    const isAwaited = this.#waiters.length > 0
    if (isAwaited === this.#isAwaited) return
    this.#isAwaited = isAwaited
    this.#call?.setAwaited(isAwaited)
  }
}
