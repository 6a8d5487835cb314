import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { ExecutionContext } from 'ava'

import { scratch } from './scratch.js'

/** An event of a trace file. */
export interface TraceEvent {
  readonly name: string
  readonly cat?: string
  readonly ph: string
  readonly ts: number
  readonly dur: number
  readonly pid: number
  readonly tid: number
  readonly args: Readonly<Record<string, unknown>>
}

/** A path for a trace, whose directory is removed when the test ends. */
export function fileOf(t: ExecutionContext, name = 'trace.json'): string {
  return join(scratch(t, {}), name)
}

/** The events of a file that is whole. */
export function read(file: string): readonly TraceEvent[] {
  return JSON.parse(readFileSync(file, 'utf8')) as readonly TraceEvent[]
}

/** The tasks of a function. */
export function tasksOf(events: readonly TraceEvent[], name: string): readonly TraceEvent[] {
  return events.filter((event) => event.cat === 'task' && event.name === name)
}

/** The events of a category. */
export function ended(events: readonly TraceEvent[], category: string): readonly TraceEvent[] {
  return events.filter(({ cat }) => cat === category)
}

/** Half a nanosecond in microseconds, because sums of fractions are not exact. */
const TOLERANCE = 0.0005

function overlapsOf(events: readonly TraceEvent[]): readonly string[] {
  const sorted = events.toSorted((one, other) => one.ts - other.ts || one.dur - other.dur)
  return sorted.flatMap((event, at) => {
    const before = sorted[at - 1]
    if (before === undefined || before.ts + before.dur <= event.ts + TOLERANCE) return []
    return [`${JSON.stringify(before)} overlaps ${JSON.stringify(event)}`]
  })
}

/** What no trace may have. */
export function problems(events: readonly TraceEvent[]): readonly string[] {
  const found: string[] = []
  const timed = events.filter(({ ph }) => ph === 'X')
  for (const event of timed) {
    if (!(Number.isFinite(event.ts) && event.ts >= 0 && event.dur >= 0))
      found.push(`bad time: ${JSON.stringify(event)}`)
  }
  for (const tid of new Set(timed.map((event) => event.tid))) {
    const row = timed.filter((event) => event.tid === tid)
    const chunks = ended(row, 'chunk')
    const tasks = ended(row, 'task')
    // A task is within a chunk, and everything else beside it.
    found.push(...overlapsOf(tasks), ...overlapsOf(row.filter(({ cat }) => cat !== 'task')))
    for (const task of tasks) {
      const end = task.ts + task.dur
      const isWithin = chunks.some(({ ts, dur }) => ts <= task.ts + TOLERANCE && end <= ts + dur + TOLERANCE)
      if (!isWithin) found.push(`in no chunk: ${JSON.stringify(task)}`)
    }
  }
  if (events.some(({ name }) => name === 'dropped')) found.push('records were dropped')
  return found
}
