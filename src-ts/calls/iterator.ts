import type { Numbers } from '../codec/index.js'
import { Map, Promise, afterwards, promiseOf, rejection } from '../primordials.js'
import { type LazyKind, MAP_TRAITS } from './map-kinds.js'
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

type Entry = { readonly value: unknown } | { readonly error: unknown }

const FINISHED = { done: true, value: undefined } as const

/** The results of a lazy map. It is both the iterator and the sink that feeds it. */
export class LazyResults implements AsyncIterableIterator<unknown>, Sink {
  readonly #isOrdered: boolean
  readonly #shape: ResultShape
  readonly #waiters: Waiter[] = []
  /** By index if ordered, otherwise in the order of arrival. */
  readonly #entries = new Map<number, Entry>()
  #arrived = 0
  #next = 0
  /** What follows the last entry: nothing yet, the end, or an error. */
  #last: 'open' | 'done' | { readonly error: unknown } = 'open'
  #call: IteratorCall | undefined
  #isAwaited = false

  constructor(kind: LazyKind, withIndex: boolean) {
    this.#isOrdered = MAP_TRAITS[kind].isOrdered
    this.#shape = chooseShape(MAP_TRAITS[kind], withIndex)
  }

  /** Binds the iterator to the call that feeds it. */
  attach(call: IteratorCall): this {
    this.#call = call
    return this
  }

  get unread(): number {
    return this.#entries.size
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#deliver()
      this.#call?.advance()
      this.#updateAwaited()
    })
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
    this.#add(index, { value: this.#shape.value(index, value) })
  }

  numbers(index: number, numbers: Numbers): void {
    for (let at = 0; at < numbers.length; at++) this.value(index + at, numbers[at])
  }

  failure(index: number, error: unknown): AfterFailure {
    if (this.#shape.failure !== undefined) {
      this.#add(index, { value: this.#shape.failure(index, error) })
      return 'go on'
    }
    this.#add(index, { error })
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

  #add(index: number, entry: Entry): void {
    this.#entries.set(this.#isOrdered ? index : this.#arrived++, entry)
    this.#deliver()
  }

  /** Hands results over to pending `next()` calls. */
  #deliver(): void {
    while (this.#waiters.length > 0) {
      const entry = this.#entries.get(this.#next)
      if (entry === undefined) break
      this.#entries.delete(this.#next++)
      if ('error' in entry) {
        this.#finish('done', entry)
        this.#call?.drop(false)
        return
      }
      this.#waiters.shift()?.resolve({ done: false, value: entry.value })
    }
    if (this.#last !== 'open' && !this.#entries.has(this.#next)) this.#finish(this.#last)
    else this.#updateAwaited()
  }

  /** Nothing but `last` follows. If `failed` is given, the first pending `next()` rejects with it. */
  #finish(last: 'done' | { readonly error: unknown }, failed?: { readonly error: unknown }): void {
    this.#entries.clear()
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
