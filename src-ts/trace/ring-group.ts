import { Atomics, Float64Array, Uint32Array } from '../primordials.js'
import {
  HOLDER_COUNT,
  HOLDER_DOUBLES,
  HOLDER_SINCE,
  HOLDERS_AT,
  KIND_CHUNK,
  KIND_TASK,
  LOST,
  NAME_UNIT,
  OPEN_KIND,
  READ,
  RECORD_DOUBLES,
  ringRecords,
  TRACE_HEAD,
  traceRowOf,
  WRITTEN
} from '../protocol/index.js'

/** A record as a worker has written it. Nothing in it was checked. */
export interface RawRecord {
  /** The kind, with the number of the name. */
  readonly kind: number
  readonly index: number
  readonly count: number
  readonly start: number
  /** Undefined if nobody knows when it has ended. */
  readonly end: number | undefined
}

/** The rings of a group of workers. */
export class RingGroup {
  readonly first: number
  readonly rows: number
  readonly memory: ArrayBuffer
  readonly #doubles: Float64Array
  readonly #words: Uint32Array
  readonly #records: number
  /** By row: what was lost when it was last asked. */
  readonly #lost: Uint32Array

  constructor(memory: ArrayBuffer, first: number, rows: number) {
    this.first = first
    this.rows = rows
    this.memory = memory
    this.#doubles = new Float64Array(memory)
    this.#words = new Uint32Array(memory)
    this.#records = ringRecords(rows)
    this.#lost = new Uint32Array(rows)
  }

  /** Takes all records of a row. Returns how many found no room since the last time. */
  drain(row: number, take: (record: RawRecord) => void): number {
    const start = traceRowOf(row, this.rows)
    const words = this.#words
    const written = Atomics.load(words, start * 2 + WRITTEN)
    let read = words[start * 2 + READ] ?? 0
    let lost = 0
    if ((written - read) >>> 0 > this.#records) {
      // A task has overwritten the row.
      lost = 1
      read = written
    }
    while (read !== written) {
      take(this.#recordAt(start + TRACE_HEAD + (read % this.#records) * RECORD_DOUBLES))
      read = (read + 1) >>> 0
    }
    Atomics.store(words, start * 2 + READ, read)
    const all = Atomics.load(words, start * 2 + LOST)
    lost += (all - (this.#lost[row] ?? 0)) >>> 0
    this.#lost[row] = all
    return lost
  }

  /**
   * What goes on now, and ends here: no more is said of it. A chunk, and then the task that runs in it, or what sets the worker up.
   * @param pid The process, or undefined for whichever has the row.
   */
  takeOpen(row: number, pid: number | undefined): readonly RawRecord[] {
    const start = traceRowOf(row, this.rows) + HOLDERS_AT
    const doubles = this.#doubles
    const open: RawRecord[] = []
    for (let number = 0; number < HOLDER_COUNT; number++) {
      const at = start + number * HOLDER_DOUBLES
      const other = start + (1 - number) * HOLDER_DOUBLES
      const [holder = 0, , kind = 0, since = 0, index = 0, taskSince = 0, task = 0] = doubles.subarray(
        at,
        at + HOLDER_DOUBLES
      )
      if (holder === 0 || kind === 0 || (pid !== undefined && holder !== pid)) continue
      doubles[at + OPEN_KIND] = 0
      // The process has ended before the next one had the row.
      const next = doubles[other + HOLDER_SINCE] ?? 0
      const end = next > since ? next : undefined
      open.push({ kind, index, count: 0, start: since, end })
      if (kind % NAME_UNIT !== KIND_CHUNK || taskSince === 0) continue
      open.push({ kind: kind - KIND_CHUNK + KIND_TASK, index: task, count: 1, start: taskSince, end })
    }
    return open
  }

  #recordAt(at: number): RawRecord {
    const field = (position: number): number => this.#doubles[at + position] ?? 0
    return { kind: field(0), index: field(1), count: field(2), start: field(3), end: field(4) }
  }
}
