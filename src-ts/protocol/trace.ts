import { Math } from '../primordials.js'

/**
 * The memory of a trace, which a pool shares with its workers: a header, then one row for each worker id. A row is a head and a ring of
 * records. The process of the worker writes records, and the parent reads them. The header of the first region has the ids of the other
 * regions, which a pool that grows takes: see `workersOf` of `figures.ts`.
 */

/** Doubles of the header. */
const HEADER = 16
/** Doubles in front of a ring. */
export const TRACE_HEAD = 16

/** 32-bit words of a row's head: how many records were written, were read, and found no room; and how many processes have had the row. */
export const WRITTEN = 0
export const READ = 1
export const LOST = 2
export const HOLDERS = 3
/** Then the last two processes, in turns: the parent may learn that one has ended when the next one is at work. */
export const HOLDERS_AT = 2
export const HOLDER_COUNT = 2
export const HOLDER_DOUBLES = 7
/** Doubles of a process: its pid, since when it has the row, what goes on now, since when, and the index that it begins with. */
export const HOLDER_PID = 0
export const HOLDER_SINCE = 1
export const OPEN_KIND = 2
export const OPEN_SINCE = 3
export const OPEN_INDEX = 4
/** The same of the task that runs. The time is 0 if none does. */
export const TASK_SINCE = 5
export const TASK_INDEX = 6

/** Doubles of a record: its kind with the name's number, the index of the first item, the number of items or tasks, the start, the end. */
export const RECORD_DOUBLES = 5
/** Kinds of records. */
export const KIND_TASK = 1
export const KIND_CHUNK = 2
export const KIND_INIT = 3
export const KIND_LOAD = 4
export const KIND_WAIT = 5
/** Added to the kind. */
export const KIND_FAILED = 8
/** The name's number is multiplied by it and added to the kind. */
export const NAME_UNIT = 16

const MOST_RECORDS = 8192
const MOST_BYTES = 64 * 1024 * 1024

/** The number of records of each ring, a power of two. */
export function ringRecords(rows: number): number {
  const fitting = MOST_BYTES / (rows * RECORD_DOUBLES * 8)
  return Math.min(MOST_RECORDS, 2 ** Math.floor(Math.log2(fitting)))
}

/** The double at which a row begins. */
export function traceRowOf(number: number, rows: number): number {
  return HEADER + number * (TRACE_HEAD + ringRecords(rows) * RECORD_DOUBLES)
}

/** The bytes of a region of so many rows. */
export function traceBytes(rows: number): number {
  return traceRowOf(rows, rows) * 8
}
