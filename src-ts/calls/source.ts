import { AsyncLocalStorage } from 'node:async_hooks'
import { types } from 'node:util'

import { Array, ArrayBuffer, Map, Math, Promise, Reflect, Set, Symbol, toObject } from '../primordials.js'
import { invalidOption, invalidOptionBecause } from '../errors.js'

/** Items that are there for the asking. */
export interface SyncSource {
  readonly isAsync: false
  /** Items that are left, where that is known. */
  readonly remaining: number | undefined
  /** Whether pulling shows: an array's items are simply there. */
  readonly isList: boolean
  /** The next item; `done` when there is none. Throws what the input throws. */
  next(): IteratorResult<unknown, unknown>
  /** Ends the input early: its `return()` runs. */
  close(): void
}

/** Items that may have to be waited for. */
export interface AsyncSource {
  readonly isAsync: true
  readonly remaining: number | undefined
  next(): Promise<IteratorResult<unknown, unknown>>
  close(): void
}

export type Source = SyncSource | AsyncSource

const END: IteratorResult<unknown, unknown> = { done: true, value: undefined }

/**
 * The items of a call.
 * @param limit Items to take at the most.
 * @throws TypeError, `ERR_POOL_INVALID_OPTION`, when there is nothing to iterate over.
 */
export function openSource(items: unknown, limit: number | undefined): Source {
  if (Array.isArray(items) || (ArrayBuffer.isView(items) && types.isTypedArray(items))) {
    return new ListSource(items as ArrayLike<unknown>, limit)
  }
  const asyncOpen = methodOf(items, Symbol.asyncIterator)
  if (asyncOpen !== undefined) return new AsyncIteratorSource(() => Reflect.apply(asyncOpen, items, []), limit)
  const open = methodOf(items, Symbol.iterator)
  if (open !== undefined) {
    const length = sizeOf(items)
    return new IteratorSource(() => Reflect.apply(open, items, []), length, limit)
  }
  throw invalidOption('type', 'items', items, 'an iterable or an async iterable')
}

function methodOf(items: unknown, key: symbol): ((...args: never[]) => unknown) | undefined {
  if (items === null || items === undefined) return undefined
  const method: unknown = Reflect.get(toObject(items), key, items)
  return typeof method === 'function' ? (method as (...args: never[]) => unknown) : undefined
}

function sizeOf(items: unknown): number | undefined {
  if (typeof items === 'string') return undefined
  return items instanceof Set || items instanceof Map ? items.size : undefined
}

/** An array or a typed array; its length is that at the call, holes are undefined. */
class ListSource implements SyncSource {
  readonly isAsync = false
  readonly isList = true
  readonly #list: ArrayLike<unknown>
  readonly #length: number
  #at = 0

  constructor(list: ArrayLike<unknown>, limit: number | undefined) {
    this.#list = list
    this.#length = Math.min(list.length, limit ?? Infinity)
  }

  get remaining(): number {
    return this.#length - this.#at
  }

  next(): IteratorResult<unknown, unknown> {
    if (this.#at >= this.#length) return END
    return { done: false, value: this.#list[this.#at++] }
  }

  close(): void {
    this.#at = this.#length
  }
}

/** Runs the input's own code where the call was made: in its AsyncLocalStorage. */
type Within = <R>(run: () => R) => R

class IteratorSource implements SyncSource {
  readonly isAsync = false
  readonly isList = false
  readonly #open: () => unknown
  readonly #within: Within = AsyncLocalStorage.snapshot()
  readonly #limit: number
  readonly #length: number | undefined
  #iterator: Iterator<unknown> | undefined
  #taken = 0
  #isClosed = false
  /** The input's own code is at work; it may be what ends the call. */
  #isRunning = false

  constructor(open: () => unknown, length: number | undefined, limit: number | undefined) {
    this.#open = open
    this.#limit = limit ?? Infinity
    this.#length = length === undefined ? limit : Math.min(length, this.#limit)
  }

  get remaining(): number | undefined {
    return this.#length === undefined ? undefined : Math.max(0, this.#length - this.#taken)
  }

  next(): IteratorResult<unknown, unknown> {
    if (this.#isClosed) return END
    if (this.#taken >= this.#limit) {
      this.close()
      return END
    }
    let step: IteratorResult<unknown, unknown>
    this.#isRunning = true
    try {
      step = this.#within(() => {
        this.#iterator ??= asIterator(this.#open()) as Iterator<unknown>
        return asStep(this.#iterator.next())
      })
    } catch (error) {
      // An iterator that threw is not told to return.
      this.#isClosed = true
      throw error
    } finally {
      this.#isRunning = false
    }
    this.#taken++
    if (step.done === true) this.#isClosed = true
    else if (this.#isClosed) this.#return()
    return step
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // A generator cannot be told to return while it runs: next() does it then.
    if (!this.#isRunning) this.#return()
  }

  #return(): void {
    this.#within(() => this.#iterator?.return?.())
  }
}

class AsyncIteratorSource implements AsyncSource {
  readonly isAsync = true
  readonly #open: () => unknown
  readonly #within: Within = AsyncLocalStorage.snapshot()
  readonly #limit: number
  #iterator: AsyncIterator<unknown> | undefined
  #taken = 0
  #isClosed = false

  constructor(open: () => unknown, limit: number | undefined) {
    this.#open = open
    this.#limit = limit ?? Infinity
  }

  get remaining(): number | undefined {
    return this.#limit === Infinity ? undefined : this.#limit - this.#taken
  }

  async next(): Promise<IteratorResult<unknown, unknown>> {
    if (this.#isClosed) return END
    if (this.#taken >= this.#limit) {
      this.close()
      return END
    }
    try {
      const step = asStep(
        await this.#within(() => {
          this.#iterator ??= asIterator(this.#open()) as AsyncIterator<unknown>
          return this.#iterator.next()
        })
      )
      if (step.done === true) this.#isClosed = true
      this.#taken++
      return step
    } catch (error) {
      this.#isClosed = true
      throw error
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // Nobody waits for it: a generator that is suspended in an await returns when that ends. Its failure is nobody's.
    const returned: unknown = this.#within(() => this.#iterator?.return?.())
    Promise.resolve(returned).catch(() => undefined)
  }
}

function asIterator(iterator: unknown): object {
  if (typeof iterator === 'object' && iterator !== null) return iterator
  throw invalidOptionBecause('type', 'items', iterator, 'its iterator method must return an object')
}

function asStep(step: IteratorResult<unknown, unknown>): IteratorResult<unknown, unknown> {
  if (typeof step === 'object' && step !== null) return step
  throw invalidOptionBecause('type', 'items', step, 'next() of its iterator must return an object')
}
