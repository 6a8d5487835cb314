import type { MapTraits } from './map-kinds.js'

/** The form in which a caller receives the results of its tasks. */
export interface ResultShape {
  /** Whether a result is the value alone. */
  readonly isPlain: boolean
  value(index: number, value: unknown): unknown
  /** If absent, a failed task ends the call with its error. */
  failure?(index: number, reason: unknown): unknown
}

/** The value alone. */
const PLAIN: ResultShape = { isPlain: true, value: (_index, value) => value }

/** The value with the index of its item. */
const INDEXED: ResultShape = { isPlain: false, value: (index, value) => ({ index, value }) }

/** The outcome of each item, with its index. */
const SETTLED: ResultShape = {
  isPlain: false,
  value: (index, value) => ({ index, status: 'fulfilled', value }),
  failure: (index, reason) => ({ index, status: 'rejected', reason })
}

/** The form of an iterator's results. */
export function chooseShape({ isSettled }: MapTraits, withIndex: boolean): ResultShape {
  if (isSettled) return SETTLED
  return withIndex ? INDEXED : PLAIN
}
