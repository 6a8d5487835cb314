import { types } from 'node:util'

import { Array, Math, Reflect, Symbol, isView, toObject } from '../primordials.js'
import type { NumberBlock } from '../codec/index.js'
import { END, InputIterator } from './input-iterator.js'
import { lengthOf, sizeOf } from './lengths.js'
import { invalidOption } from '../errors/index.js'

/** Items that are taken one after the other. */
export interface ItemSource {
  /** The next item, or `done` if there is none. Throws what the input throws. */
  next(): IteratorResult<unknown, unknown>
  /** The number of items that are left, if it cannot change. */
  readonly left?: number
  /**
   * Takes items into a block, until it is full, the next item is no number, or there is none. Throws what the input throws.
   * @param isWanted Returns false once the call has ended. Taking items runs code of the user, which may end the call.
   */
  addNumbers?(block: NumberBlock, isWanted: () => boolean): void
}

/** Items that can be taken without waiting. */
export interface SyncSource extends ItemSource {
  readonly isAsync: false
  /** The number of items that are left, if it is known. */
  readonly remaining: number | undefined
  /** Whether pulling an item has side effects. The items of an array already exist. */
  readonly isList: boolean
  /** Ends the input early by its `return()`. */
  close(): void
  /** Runs `take`, which takes items, in the context in which code of the input runs. */
  takeSeveral(take: () => void): void
}

/** Items that may have to be awaited. */
export interface AsyncSource {
  readonly isAsync: true
  readonly remaining: number | undefined
  next(): Promise<IteratorResult<unknown, unknown>>
  close(): void
}

export type Source = SyncSource | AsyncSource

/**
 * The items of a call.
 * @param limit The most items to take.
 * @throws TypeError, `ERR_POOL_INVALID_OPTION`, if the input is not iterable
 */
export function openSource(items: unknown, limit: number | undefined): Source {
  if (Array.isArray(items) || (isView(items) && types.isTypedArray(items))) {
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

/** Ends the input of a call that ends for another reason. The caller gets that reason, so an error of `return()` is ignored. */
export function closeQuietly(source: Source): void {
  try {
    source.close()
  } catch {
    // Ignored.
  }
}

/** An array or a typed array. Its length is fixed at the call, and holes are undefined. */
export class ListSource implements SyncSource {
  readonly isAsync = false
  readonly isList = true
  readonly #list: ArrayLike<unknown>
  readonly #length: number
  #at = 0
  /** An item that was read and not taken. An item is read once, because it may have a getter. */
  #read: IteratorResult<unknown, unknown> | undefined

  constructor(list: ArrayLike<unknown>, limit?: number) {
    this.#list = list
    this.#length = Math.min(lengthOf(list), limit ?? Infinity)
  }

  get left(): number {
    return this.#length - this.#at + (this.#read === undefined ? 0 : 1)
  }

  get remaining(): number {
    return this.left
  }

  next(): IteratorResult<unknown, unknown> {
    const read = this.#read
    if (read !== undefined) {
      this.#read = undefined
      return read
    }
    if (this.#at >= this.#length) return END
    return { done: false, value: this.#list[this.#at++] }
  }

  addNumbers(block: NumberBlock, isWanted: () => boolean): void {
    if (this.#read !== undefined) return
    const list = this.#list
    while (!block.isFull && this.#at < this.#length && isWanted()) {
      const value = list[this.#at++]
      if (typeof value === 'number') block.add(value)
      else {
        this.#read = { done: false, value }
        return
      }
    }
  }

  takeSeveral(take: () => void): void {
    take()
  }

  close(): void {
    this.#at = this.#length
    this.#read = undefined
  }
}

class IteratorSource extends InputIterator implements SyncSource {
  readonly isAsync = false
  readonly isList = false
  readonly #length: number | undefined
  readonly #step = (): IteratorResult<unknown, unknown> => this.take(this.callNext())

  constructor(open: () => unknown, length: number | undefined, limit: number | undefined) {
    super(open, limit)
    this.#length = length === undefined ? limit : Math.min(length, limit ?? Infinity)
  }

  get remaining(): number | undefined {
    return this.#length === undefined ? undefined : Math.max(0, this.#length - this.taken)
  }

  next(): IteratorResult<unknown, unknown> {
    if (!this.mayGoOn()) return END
    try {
      return this.run(this.#step)
    } catch (error) {
      this.fail()
      throw error
    }
  }
}

class AsyncIteratorSource extends InputIterator implements AsyncSource {
  readonly isAsync = true
  readonly #call = (): unknown => this.callNext()

  get remaining(): number | undefined {
    return this.limit === Infinity ? undefined : this.limit - this.taken
  }

  async next(): Promise<IteratorResult<unknown, unknown>> {
    if (!this.mayGoOn()) return END
    try {
      const pending = this.run(this.#call)
      let answer: unknown
      try {
        answer = await pending
      } catch (error) {
        // The iterator has ended by itself.
        this.forget()
        throw error
      }
      return this.run(() => this.take(answer))
    } catch (error) {
      this.fail()
      throw error
    }
  }
}
