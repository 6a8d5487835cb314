import test from 'ava'

import { chunkHead, chunkTrace, firstIndex, itemsAt, KIND_TASK, madeAt, traceBytes, traceRowOf, writeChunkHead } from '../src-ts/protocol/index.js' // prettier-ignore
import { TraceEvents } from '../src-ts/trace/events.js'
import { type RawRecord, RingGroup } from '../src-ts/trace/ring-group.js'
import { Tracer } from '../src-ts/worker/tracer.js'
import type { TraceEvent } from './helpers/traces.js'

const RECORDS = 8192
const chunk = (nextIndex: number, tasks: number): Parameters<Tracer['openChunk']>[1] => ({
  madeAt: undefined,
  nextIndex,
  tasks,
  endsWithFailure: false
})
const task = (index: number): Parameters<Tracer['taskEnded']>[1] => ({
  index,
  nextIndex: index + 1,
  batchCount: undefined,
  text: () => undefined
})

interface Ring {
  readonly group: RingGroup
  readonly words: Uint32Array
  readonly start: number
  attach(pid: number): Tracer
  drain(): { readonly records: readonly RawRecord[]; readonly lost: number }
}

/** The second one of two rows. */
function ring(): Ring {
  const memory = new ArrayBuffer(traceBytes(2))
  const group = new RingGroup(memory, 0, 2)
  return {
    group,
    words: new Uint32Array(memory),
    start: traceRowOf(1, 2),
    attach: (pid) => new Tracer(memory, 1, 2, pid),
    drain: () => {
      const records: RawRecord[] = []
      return { records, lost: group.drain(1, (record) => records.push(record)) }
    }
  }
}

function runTasks(tracer: Tracer, count: number): void {
  tracer.openChunk(true, chunk(0, count + 1))
  for (let index = 0; index < count; index++) tracer.taskEnded(false, task(index))
}

const indexes = (records: readonly RawRecord[]): readonly number[] =>
  records.filter(({ kind }) => kind === KIND_TASK).map(({ index }) => index)

test('what finds no room is counted, and once there is room records are written again', (t) => {
  const { attach, drain } = ring()
  const tracer = attach(5)
  drain()
  runTasks(tracer, RECORDS + 100)
  const first = drain()
  t.is(first.records.length, RECORDS)
  t.true(first.lost === 100 || first.lost === 101, 'a wait may come first')
  tracer.taskEnded(false, task(9_000))
  const { records, lost } = drain()
  t.deepEqual([indexes(records), lost], [[9_000], 0])
})

test('the counts start again after 2 ** 32 records', (t) => {
  const { attach, drain, words, start } = ring()
  words[start * 2] = 2 ** 32 - 3
  words[start * 2 + 1] = 2 ** 32 - 3
  const tracer = attach(5)
  runTasks(tracer, 10)
  t.deepEqual(indexes(drain().records), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  runTasks(tracer, RECORDS + 1)
  const { records, lost } = drain()
  t.is(records.length, RECORDS)
  t.true(lost >= 1)
})

test('a row that was overwritten loses records and nothing else', (t) => {
  const { attach, drain, words, start } = ring()
  const tracer = attach(5)
  words[start * 2] = 123_456_789
  t.deepEqual(drain(), { records: [], lost: 1 })
  words[start * 2 + 2] = 7
  t.is(drain().lost, 7)
  runTasks(tracer, 1)
  t.true(drain().records.length <= RECORDS)
})

test('what a death has cut is taken once, also if the next process is at work', (t) => {
  const { attach, group } = ring()
  const one = attach(5)
  one.name = 3
  runTasks(one, 2)
  const two = attach(6)
  two.beginSetUp(true)
  t.deepEqual(group.takeOpen(1, 7), [])
  const [open, last, ...rest] = group.takeOpen(1, 5)
  t.like(open, { kind: 2 + 3 * 16, index: 0, count: 0 })
  t.like(last, { kind: 1 + 3 * 16, index: 2, count: 1 })
  t.is(typeof last?.end, 'number')
  t.deepEqual([rest, group.takeOpen(1, 5)], [[], []])
  t.like(group.takeOpen(1, undefined), [{ kind: 3, end: undefined }])
  two.loads()
  two.openChunk(false, chunk(0, 1))
  two.pause(true)
  t.deepEqual(group.takeOpen(1, 6), [])
})

test('no event is made of numbers that no worker writes', (t) => {
  const events = new TraceEvents(1_000, ['"task"', '"named"'])
  const good = { kind: KIND_TASK + 16, index: 4, count: 1, start: 1_500, end: 1_500.25 }
  const now = 2_000
  const event = JSON.parse(events.of(3, good, now) ?? '') as TraceEvent
  t.like(event, { name: 'named', cat: 'task', ph: 'X', ts: 500_000, dur: 250, tid: 3, args: { index: 4 } })
  const bad: readonly Partial<RawRecord>[] = [
    { kind: NaN },
    { kind: 0 },
    { kind: 7 },
    { kind: -1 },
    { kind: 1.5 },
    { kind: KIND_TASK + 32 },
    { kind: Infinity },
    { index: -1 },
    { index: NaN },
    { count: 0.5 },
    { count: 2 ** 60 },
    { start: NaN },
    { start: -Infinity },
    { start: 1_600 },
    { end: NaN },
    { end: Infinity },
    { end: 1e12 }
  ]
  for (const change of bad) t.is(events.of(3, { ...good, ...change }, now), undefined, JSON.stringify(change))
})

test('a chunk names a trace only while there is one, in 32 more bytes', (t) => {
  const write = (first: number, date: number | undefined, isTraced: boolean): Uint8Array => {
    const values: number[] = []
    const trace = isTraced ? { region: 2 ** 52 + 1, rows: 3, name: 4 } : undefined
    writeChunkHead({ f64: (value) => values.push(value) }, first, date, trace)
    return new Uint8Array(new Float64Array(values).buffer)
  }
  for (const first of [0, 1, 2 ** 53 - 2]) {
    for (const date of [undefined, 1234.5]) {
      const bytes = date === undefined ? 8 : 16
      for (const [payload, more] of [
        [write(first, date, false), 0],
        [write(first, date, true), 32]
      ] as const) {
        const head = chunkHead(payload)
        t.deepEqual(
          [payload.length, itemsAt(head, payload), firstIndex(head), madeAt(head, payload)],
          [bytes + more, bytes + more, first, date]
        )
        t.deepEqual(chunkTrace(payload), more === 0 ? undefined : { region: 2 ** 52 + 1, rows: 3, name: 4 })
      }
    }
  }
})
