/** The form in which a caller receives the results of its tasks. */
export interface ResultShape {
  value(index: number, value: unknown): unknown
  /** Absent: a failed task ends the call with its error. */
  failure?(index: number, reason: unknown): unknown
}

/** The value alone. */
export const PLAIN: ResultShape = { value: (_index, value) => value }

/** What became of each item, with its index. */
export const SETTLED: ResultShape = {
  value: (index, value) => ({ index, status: 'fulfilled', value }),
  failure: (index, reason) => ({ index, status: 'rejected', reason })
}
