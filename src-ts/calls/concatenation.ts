import { types } from 'node:util'

import { joinParts, kindNameOf, type PackedResults, type TypedArray } from '../codec/index.js'
import { ConcatenationError } from '../errors/index.js'
import { Array } from '../primordials.js'
import { MAP_TRAITS, type ListKind } from './map-kinds.js'
import type { AfterFailure, RunningCall, Sink } from './sink.js'
import { emptyLike, isTypedArray } from './slices.js'

/** Joins the typed arrays that the tasks of a call return. The first result in time that does not fit ends the call. */
class ConcatenatingSink implements Sink {
  readonly unread = 0
  readonly #isOrdered: boolean
  readonly #resolve: (joined: never) => void
  readonly #reject: (error: unknown) => void
  readonly #input: unknown
  readonly #parts: TypedArray[] = []
  #length = 0
  /** The result that came first. The others are of its kind. */
  #first: { readonly index: number; readonly kind: string } | undefined
  #call: RunningCall | undefined
  #hasFailed = false

  /** @param input The items of the call. They say of what kind the array is if there are none. */
  constructor(isOrdered: boolean, input: unknown, resolve: (joined: never) => void, reject: (error: unknown) => void) {
    this.#isOrdered = isOrdered
    this.#input = input
    this.#resolve = resolve
    this.#reject = reject
  }

  begin(call: RunningCall): void {
    this.#call = call
  }

  value(index: number, value: unknown): void {
    if (this.#hasFailed) return
    if (!isTypedArray(value)) {
      this.#fail(index, `the result of item ${index} is ${describe(value)}`)
      return
    }
    const kind = kindNameOf(value)
    this.#first ??= { index, kind }
    if (kind !== this.#first.kind) {
      const first = `that of item ${this.#first.index} is ${withArticle(this.#first.kind)}`
      this.#fail(index, `the result of item ${index} is ${withArticle(kind)}, and ${first}`)
      return
    }
    this.#length += value.length
    if (this.#isOrdered) this.#parts[index] = value
    else this.#parts.push(value)
  }

  several(index: number, values: PackedResults): void {
    if (values.length > 0) this.value(index, values[0])
  }

  failure(_index: number, error: unknown): AfterFailure {
    this.#reject(error)
    return 'end'
  }

  end(): void {
    if (this.#hasFailed) return
    const empty = emptyLike(this.#input)
    try {
      if (this.#first !== undefined) this.#resolve(joinParts(this.#parts, this.#length) as never)
      else if (empty !== undefined) this.#resolve(empty as never)
      else this.#reject(new ConcatenationError(-1, 'there is no result, and the input is no typed array either'))
    } catch (error) {
      this.#reject(error)
    }
  }

  stopped(): void {
    this.end()
  }

  abort(error: unknown): void {
    this.#reject(error)
  }

  #fail(index: number, reason: string): void {
    this.#hasFailed = true
    this.#call?.abort(new ConcatenationError(index, reason), false)
  }
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return `${value}`
  if (Array.isArray(value)) return 'an array'
  return types.isDataView(value) ? 'a DataView' : withArticle(typeof value)
}

function withArticle(name: string): string {
  return `${/^[aeio]/i.test(name) ? 'an' : 'a'} ${name}`
}

/** The sink of a call with `concatenate`. */
export function makeConcatenatingSink(
  kind: ListKind,
  input: unknown,
  resolve: (joined: never) => void,
  reject: (error: unknown) => void
): Sink {
  return new ConcatenatingSink(MAP_TRAITS[kind].isOrdered, input, resolve, reject)
}
