import { AsyncResource } from 'node:async_hooks'

import { invalidOptionBecause } from '../errors/index.js'
import { Reflect } from '../primordials.js'

export const END: IteratorResult<unknown, unknown> = { done: true, value: undefined }

/**
 * The iterator of an input. It is used as `for...of` uses it: `next` is read once, any truthy `done` ends it, and `value` is not read of
 * the last step. If `next()` itself throws, the iterator has ended. After any other failure its `return()` is called, once.
 */
export abstract class InputIterator {
  protected readonly limit: number
  /** The number of items taken so far. */
  protected taken = 0
  readonly #open: () => unknown
  /** Has the AsyncLocalStorage context of the call, in which code of the input runs. */
  readonly #context = new AsyncResource('MILLRACE_INPUT')
  /** Whether this code runs in that context already. */
  #isInContext = false
  /** Absent before the first step and after the end. */
  #iterator: object | undefined
  #next: unknown
  #isClosed = false
  /** Whether code of the input is running. It may end the call. */
  #isRunning = false

  /** @param limit The most items to take. */
  constructor(open: () => unknown, limit: number | undefined) {
    this.#open = open
    this.limit = limit ?? Infinity
  }

  /** Whether there may be another item. At the limit the input's `return()` is called. */
  protected mayGoOn(): boolean {
    if (!this.#isClosed && this.taken >= this.limit) this.close()
    return !this.#isClosed
  }

  /** Ends the input early by its `return()`. If code of the input is running, that happens after it. */
  close(): void {
    this.#isClosed = true
    const iterator = this.#iterator
    if (this.#isRunning || iterator === undefined) return
    this.forget()
    const returned = this.#inContext(() => {
      const close: unknown = Reflect.get(iterator, 'return')
      return close === undefined || close === null ? undefined : Reflect.apply(close as () => unknown, iterator, [])
    }) as unknown
    // Nobody awaits the promise, because a generator that is suspended in an await returns only when that ends. Its failure is ignored.
    if (returned !== undefined) void settle(returned)
  }

  /** Calls the iterator's `next()`. The first call opens the iterator. This is code of the input, so it happens in `run`. */
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

  /** Reads the result of `next()`. This happens in `run`, too. */
  protected take(answer: unknown): IteratorResult<unknown, unknown> {
    const step = asObject(answer, 'next() of its iterator must return an object') as IteratorResult<unknown, unknown>
    if (step.done) {
      this.#isClosed = true
      this.forget()
      return END
    }
    const { value } = step
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
      // The failure of the step came first.
    }
  }

  /** Takes several items. To change the context for each would take as long as to send it. */
  takeSeveral(take: () => void): void {
    this.#inContext(() => {
      this.#isInContext = true
      try {
        take()
      } finally {
        this.#isInContext = false
      }
    })
  }

  #inContext<R>(run: () => R): R {
    return this.#context.runInAsyncScope(run)
  }

  /** Runs code of the input. If the call ends meanwhile, `return()` is called when that code has finished. */
  protected run<R>(run: () => R): R {
    this.#isRunning = true
    try {
      return this.#isInContext ? run() : this.#inContext(run)
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

/** Handles the rejection of a promise by ignoring it. */
async function settle(promise: unknown): Promise<void> {
  try {
    await promise
  } catch {
    // Ignored.
  }
}
