/**
 * The figures of insights, in memory that a pool shares with its workers: a header, then one row of doubles for each worker id. A worker
 * writes only its own row, and the parent only the header. So no message is needed, and what a worker has written outlives it.
 */

/** Doubles of the header. */
const HEADER = 8
/** In the header: when the figures were last reset. */
export const RESET_AT = 0

/** Positions in a row. These sums only grow. Times are milliseconds. */
export const TASKS = 0
export const FAILED = 1
export const START_UP = 2
export const INIT = 3
export const WAITING = 4
export const WORKING = 5
export const BYTES_IN = 6
export const BYTES_OUT = 7
export const QUEUED = 8
export const PROCESSES = 9
/** The number of sums. */
export const SUMS = 10
/** The largest resident memory of a process, in bytes. */
export const PEAK_MEMORY = 10

/** Then the processes: a worker id has one after the other, and the parent may learn late that one has ended. */
export const PROCESSES_AT = 16
export const PROCESS_COUNT = 4
export const PROCESS_DOUBLES = 8
/** Positions in a process: its pid or 0, the sum that grows now (or `LEAVING`), since when, and its CPU time. */
export const PID = 0
export const STATE = 1
export const SINCE = 2
export const CPU = 3
export const LEAVING = 15

/** Then two histograms, whose counts are 32-bit words. */
export const BUCKETS = 576
export const TASK_TIMES_AT: number = PROCESSES_AT + PROCESS_COUNT * PROCESS_DOUBLES
export const QUEUE_TIMES_AT: number = TASK_TIMES_AT + BUCKETS / 2

/** Then the slowest tasks. */
export const SLOWEST_AT: number = QUEUE_TIMES_AT + BUCKETS / 2
export const SLOWEST = 5
export const SLOW_DOUBLES = 88
/** Positions in one of them. Its first word is odd while the rest changes. Then how long it ran, when it ended, its item, its text in UTF-8. */
export const ELAPSED = 1
export const ENDED_AT = 2
export const INDEX = 3
export const COUNT = 4
export const TEXT_BYTES = 5
export const TEXT_AT = 6
export const TEXT_MOST: number = (SLOW_DOUBLES - TEXT_AT) * 8

const ROW: number = SLOWEST_AT + SLOWEST * SLOW_DOUBLES

/**
 * The regions with the figures of a pool: the first one has `rows` rows, and each other one has as many as all before it. A pool that grows
 * takes one more of them, whose id its workers know already.
 */
export interface FigureRegions {
  readonly rows: number
  readonly ids: readonly number[]
}

/** The first worker of a region, and how many it has. */
export function workersOf(rows: number, region: number): { readonly first: number; readonly count: number } {
  return region === 0 ? { first: 0, count: rows } : { first: rows * 2 ** (region - 1), count: rows * 2 ** (region - 1) }
}

/** Where a row begins. */
export function rowOf(number: number): number {
  return HEADER + number * ROW
}

/** The bytes of a region of so many rows. */
export function figureBytes(rows: number): number {
  return rowOf(rows) * 8
}
