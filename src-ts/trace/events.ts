import { JSON, Math, Number, process } from '../primordials.js'
import { KIND_CHUNK, KIND_FAILED, KIND_INIT, KIND_LOAD, KIND_TASK, KIND_WAIT, NAME_UNIT } from '../protocol/index.js'
import type { RawRecord } from './ring-group.js'

/** How far the clocks of two processes may be apart. */
const TOLERANCE_MS = 1000

interface Kind {
  readonly category: string
  /** What the two numbers of a record are called. */
  readonly numbers: readonly string[]
}

const KINDS: Readonly<Record<number, Kind>> = {
  [KIND_TASK]: { category: 'task', numbers: ['index'] },
  [KIND_CHUNK]: { category: 'chunk', numbers: ['first', 'tasks'] },
  [KIND_INIT]: { category: 'init', numbers: [] },
  [KIND_LOAD]: { category: 'load', numbers: [] },
  [KIND_WAIT]: { category: 'wait', numbers: [] }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** Makes the events of a trace, as text. Times are given in milliseconds, and written as microseconds since the beginning of the trace. */
export class TraceEvents {
  readonly #begin: number
  readonly #pid = process.pid
  readonly #names: readonly string[]

  /**
   * @param begin When the trace has begun.
   * @param names The names of functions, by number, as JSON.
   */
  constructor(begin: number, names: readonly string[]) {
    this.#begin = begin
    this.#names = names
  }

  /**
   * The event of a record that a worker has written, or undefined if it cannot be one: a task may write anything there.
   * @param now Nothing can have ended later. What has not ended, ends now.
   * @param cut Why it has not ended.
   */
  of(worker: number, record: RawRecord, now: number, cut?: string): string | undefined {
    const { kind, index, count, start, end = now } = record
    if (!isCount(kind) || !isCount(index) || !isCount(count)) return undefined
    const known = KINDS[kind % KIND_FAILED]
    const name = this.#names[Math.floor(kind / NAME_UNIT)]
    // With numbers that are none, each comparison is false.
    const isInTime = start >= this.#begin - TOLERANCE_MS && end >= start && end <= now + TOLERANCE_MS
    if (known === undefined || name === undefined || !isInTime) return undefined
    const { category, numbers } = known
    const isFailed = kind % NAME_UNIT >= KIND_FAILED
    let args = ''
    if (numbers[0] !== undefined) args += `,"${numbers[0]}":${index}`
    if (numbers[1] !== undefined && cut === undefined) args += `,"${numbers[1]}":${count}`
    if (category === 'task' && count !== 1) args += `,"count":${count}`
    if (isFailed) args += ',"failed":true'
    if (cut !== undefined) args += `,"${cut}":true`
    const [from, to] = [this.#nanoseconds(start), this.#nanoseconds(end)]
    const title = category === 'task' ? name : `"${category}"`
    const color = isFailed || cut === 'died' ? ',"cname":"terrible"' : ''
    // By hand, because there may be a million of them.
    const front = `{"name":${title},"cat":"${category}","ph":"X","ts":${from / 1000},"dur":${(to - from) / 1000}`
    return `${front},"pid":${this.#pid},"tid":${worker}${color},"args":{${args.slice(1)}}}`
  }

  /** An event of one moment. */
  instant(worker: number, name: string, now: number, args: object): string {
    const ts = this.#nanoseconds(now) / 1000
    return JSON.stringify({ name, cat: 'worker', ph: 'i', s: 't', ts, pid: this.#pid, tid: worker, args })
  }

  /** What the viewer calls the process, or a row. */
  title(kind: 'process_name' | 'thread_name', worker: number, name: string): string {
    return JSON.stringify({ name: kind, ph: 'M', pid: this.#pid, tid: worker, args: { name } })
  }

  /** Where a row stands. */
  order(worker: number): string {
    return JSON.stringify({
      name: 'thread_sort_index',
      ph: 'M',
      pid: this.#pid,
      tid: worker,
      args: { sort_index: worker }
    })
  }

  #nanoseconds(time: number): number {
    return Math.round((time - this.#begin) * 1e6)
  }
}
