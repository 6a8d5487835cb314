import { types } from 'node:util'

import { emptyOf, partOf, type TypedArray } from '../codec/index.js'
import { invalidOption, invalidOptionBecause } from '../errors/index.js'
import type { MapSettings } from '../options/index.js'
import { Math, isView } from '../primordials.js'
import { END } from './input-iterator.js'
import { lengthOf } from './lengths.js'
import type { SyncSource } from './source.js'

/** The slices per worker, unless the call says how many there are or how large they are. As in MPIRE. */
const SLICES_PER_JOB = 4

/** Whether the value is a typed array, of whatever realm and class. */
export function isTypedArray(value: unknown): value is TypedArray {
  return isView(value) && types.isTypedArray(value)
}

/**
 * The slices of a typed array, as the items of a call.
 * @throws TypeError, `ERR_POOL_INVALID_OPTION`, if the input is no typed array
 */
export function openSlices(items: unknown, settings: MapSettings, nJobs: number): SyncSource {
  if (!isTypedArray(items)) throw invalidOption('type', 'items', items, 'a typed array with slices: true')
  const { chunkSize, nSplits, iterableLength } = settings
  const length = Math.min(lengthOf(items), iterableLength ?? Infinity)
  if (chunkSize !== undefined) return new SliceSource(items, length, chunkSize, 0)
  const count = Math.min(length, nSplits ?? SLICES_PER_JOB * nJobs)
  return new SliceSource(items, length, Math.floor(length / count), length % count)
}

/**
 * Makes each slice when it is taken. It is a view, and its bytes are copied once, into the message; the rest of the array is not sent along.
 */
class SliceSource implements SyncSource {
  readonly isAsync = false
  readonly isList = true
  readonly #array: TypedArray
  readonly #length: number
  readonly #size: number
  /** So many slices have one element more. They are spread over all slices. */
  readonly #extra: number
  readonly #count: number
  #taken = 0
  #at = 0

  constructor(array: TypedArray, length: number, size: number, extra: number) {
    this.#array = array
    this.#length = length
    this.#size = size
    this.#extra = extra
    this.#count = length === 0 ? 0 : extra === 0 ? Math.ceil(length / size) : Math.floor((length - extra) / size)
  }

  get left(): number {
    return this.#at < this.#length ? this.#count - this.#taken : 0
  }

  get remaining(): number {
    return this.left
  }

  next(): IteratorResult<unknown, unknown> {
    if (this.left === 0) return END
    const next = ++this.#taken
    const end = next * this.#size + Math.ceil((next * this.#extra) / this.#count)
    const start = this.#at
    this.#at = Math.min(end, this.#length)
    if (lengthOf(this.#array) < this.#at) {
      const reason = `its elements from ${start} on are gone: its buffer was released, detached or shortened`
      throw invalidOptionBecause('range', 'items', this.#array, reason)
    }
    return { done: false, value: partOf(this.#array, start, this.#at) }
  }

  takeSeveral(take: () => void): void {
    take()
  }

  close(): void {
    this.#at = this.#length
  }
}

/** An array without elements, of the kind of the input. undefined if the input is no typed array. */
export function emptyLike(items: unknown): TypedArray | undefined {
  return isTypedArray(items) ? emptyOf(items) : undefined
}
