import type { PackedResults } from '../codec/index.js'
import { Math } from '../primordials.js'

/** Longer arrays than this one the engine makes as tables, which are slow. */
const EXPECTED_MAX = 2 ** 25

/**
 * The list of a call's results, in the order of the input. Results come in any order.
 *
 * Most of the time of a list of numbers goes into its memory. So the list gets its whole length when the first result is there, with the
 * kind of elements of that result: integers, doubles or anything. An array that grows is copied again and again, and one that turns from
 * integers into doubles is copied as a whole.
 */
export class ResultList {
  #results: unknown[] = []
  #expected = 0
  /** The index after the last result. */
  length = 0

  /** There will be so many results, unless the call ends early. */
  expect(count: number): void {
    this.#expected = count
  }

  set(index: number, value: unknown): void {
    if (this.length === 0) this.#begin(value)
    this.#reach(index)
    this.#results[index] = value
    if (index >= this.length) this.length = index + 1
  }

  setSeveral(index: number, values: PackedResults): void {
    if (values.length === 0) return
    if (this.length === 0) this.#begin(values[0])
    this.#reach(index)
    const results = this.#results
    for (let at = 0; at < values.length; at++) results[index + at] = values[at]
    this.length = Math.max(this.length, index + values.length)
  }

  /** The list. Nothing must be added to it. */
  take(): unknown[] {
    this.#results.length = this.length
    return this.#results
  }

  #begin(first: unknown): void {
    if (this.#expected > EXPECTED_MAX || this.#expected === 0) return
    this.#results = [first]
    this.#results.length = this.#expected
  }

  /** Fills the list up to an index where it has no length yet, because the engine turns an array with a large gap into a table. */
  #reach(index: number): void {
    // A number, so that the engine keeps an array of numbers.
    while (this.#results.length < index) this.#results.push(0)
  }
}
