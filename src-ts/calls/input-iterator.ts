import { AsyncLocalStorage } from 'node:async_hooks'

import { invalidOptionBecause } from '../errors/index.js'
import { Reflect } from '../primordials.js'

export const END: IteratorResult<unknown, unknown> = { done: true, value: undefined }

/**
 * The iterator of an input, used as `for...of` uses it: `next` is read once, `done` is anything true, `value` is read of a step that
 * is not the last. What `next()` itself throws has ended the iterator; any other failure has its `return()` called, once.
 */
export abstract class InputIterator {
  protected readonly limit: number
  /** Items taken so far. */
  protected taken = 0
  readonly #open: () => unknown
  /** Runs the input's own code where the call was made: in its AsyncLocalStorage. */
  readonly #within: <R>(run: () => R) => R = AsyncLocalStorage.snapshot()
  /** Absent before the first step, and from its end on. */
  #iterator: object | undefined
  #next: unknown
  #isClosed = false
  /** The input's own code is at work; it may be what ends the call. */
  #isRunning = false

  /** @param limit Items to take at the most. */
  constructor(open: () => unknown, limit: number | undefined) {
    this.#open = open
    this.limit = limit ?? Infinity
  }

  /** Whether there may be another item. An input that has given as many as it may is told to return. */
  protected mayGoOn(): boolean {
    if (!this.#isClosed && this.taken >= this.limit) this.close()
    return !this.#isClosed
  }

  /** Ends the input early: its `return()` runs, unless the input's own code is at work; then that comes after it. */
  close(): void {
    this.#isClosed = true
    const iterator = this.#iterator
    if (this.#isRunning || iterator === undefined) return
    this.forget()
    const returned = this.#within(() => {
      const close: unknown = Reflect.get(iterator, 'return')
      return close === undefined || close === null ? undefined : Reflect.apply(close as () => unknown, iterator, [])
    }) as unknown
    // Nobody waits for a promise: a generator that is suspended in an await returns when that ends. Its failure is nobody's.
    if (returned !== undefined) void settle(returned)
  }

  /** Calls the iterator's `next()`; the first call opens it. In `run`, as it is code of the input. */
  protected callNext(): unknown {
    if (this.#iterator === undefined) {
      this.#iterator = asObject(this.#open(), 'its iterator method must return an object')
      this.#next = Reflect.get(this.#iterator, 'next')
    }
    if (typeof this.#next !== 'function') {
      throw invalidOptionBecause('type', 'items', this.#next, 'next of its iterator must be a function')
    }
    try {
      return Reflect.apply(this.#next, this.#iterator, []) as unknown
    } catch (error) {
      this.forget()
      throw error
    }
  }

  /** Reads what `next()` has answered. In `run`, too. */
  protected take(answer: unknown): IteratorResult<unknown, unknown> {
    const step = asObject(answer, 'next() of its iterator must return an object')
    if (Reflect.get(step, 'done')) {
      this.#isClosed = true
      this.forget()
      return END
    }
    const value: unknown = Reflect.get(step, 'value')
    this.taken++
    return { done: false, value }
  }

  /** The iterator has ended by itself. */
  protected forget(): void {
    this.#iterator = undefined
  }

  /** A step has failed. */
  protected fail(): void {
    try {
      this.close()
    } catch {
      // The step's failure came first.
    }
  }

  /** Runs code of the input. What ends the call meanwhile has its `return()` called when that is through. */
  protected run<R>(run: () => R): R {
    this.#isRunning = true
    try {
      return this.#within(run)
    } finally {
      this.#isRunning = false
      if (this.#isClosed) this.fail()
    }
  }
}

function asObject(value: unknown, rule: string): object {
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') return value
  throw invalidOptionBecause('type', 'items', value, rule)
}

/** Waits for a promise, whatever becomes of it. */
async function settle(promise: unknown): Promise<void> {
  try {
    await promise
  } catch {
    // Nobody wants to know.
  }
}
