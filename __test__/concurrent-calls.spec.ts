import test from 'ava'

import { tasks } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-map.mjs'
import { testBoth } from './helpers/both.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { randomNumbers } from './helpers/random.js'
import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-map.mjs', import.meta.url))

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

testBoth.serial('any number of calls of all kinds run at once, each with its own results', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 3 })
  const random = randomNumbers(31_337)
  const times = (item: number): number => item * 3
  const calls = numbers(120).map(async (call) => {
    const items = numbers(Math.floor(random() * 300)).map((i) => i + call * 1_000)
    const expected = items.map(times)
    const options = random() < 0.5 ? { chunkSize: 1 + Math.floor(random() * 20) } : {}
    const sorted = (list: number[]): number[] => list.toSorted((a, b) => a - b)
    switch (call % 6) {
      case 0:
        return t.deepEqual(await pool.map(times, items, options), expected)
      case 1:
        return t.deepEqual(sorted(await pool.mapUnordered(times, new Set(items), options)), expected)
      case 2:
        return t.deepEqual(
          await pool.mapSettled(times, items, options),
          expected.map((value) => ({ status: 'fulfilled', value }))
        )
      case 3: {
        const list: number[] = []
        for await (const result of pool.imap(times, items, options)) list.push(result)
        return t.deepEqual(list, expected)
      }
      case 4: {
        const list: number[] = []
        for await (const result of pool.imapUnordered(times, items.values(), options)) list.push(result)
        return t.deepEqual(sorted(list), expected)
      }
      default:
        return t.is(await pool.apply(times, [call]), call * 3)
    }
  })
  await within(Promise.all(calls), 'a call stays open')
  t.is(pool.stats.submitted, pool.stats.completed)
})

testBoth.serial('the chunks of calls take turns', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const file = gates.path('notes')
  const make = (name: string): { file: string; line: string; leave?: string }[] =>
    numbers(12).map((i) => ({ file, line: `${name}${i}`, leave: gates.path('go') }))
  const calls = ['a', 'b', 'c'].map((name) => pool.map(jobs.note, make(name), { chunkSize: 2 }))
  await until(
    () => gates.lines('notes').length === 1 && pool.stats.queued > 20,
    () => 'the first task does not begin'
  )
  gates.open('go')
  await Promise.all(calls)
  const order = gates.lines('notes').map((line) => line[0])
  // Chunks of two in turn: while all three have some left, none is more than a few chunks ahead.
  const half = order.slice(0, 18)
  for (const name of ['a', 'b', 'c']) t.true(half.filter((letter) => letter === name).length >= 4, order.join(''))
})

testBoth.serial('a failing call does not affect the calls beside it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const failAt = (x: number): number => {
    if (x === 77) throw new RangeError('seventy-seven')
    return x
  }
  const fine = numbers(40).map(() => pool.map(Math.sqrt, numbers(200)))
  const failing = numbers(40).map(() => t.throwsAsync(pool.map(failAt, numbers(200)), { message: 'seventy-seven' }))
  const expected = numbers(200).map(Math.sqrt)
  for (const result of await Promise.all(fine)) t.deepEqual(result, expected)
  await Promise.all(failing)
})

test('timers of earlier tasks fire between tasks, and tasks that resolve at once do not starve them', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  await pool.apply(jobs.startTicking)
  // All in one chunk, which takes long enough for the timer many times over.
  const options = { chunkSize: 150_000 }
  const atOnce = await pool.map(jobs.countTicks, numbers(150_000), options)
  const later = await pool.map(jobs.countTicksLater, numbers(150_000), options)
  for (const ticks of [atOnce, later]) {
    t.true((ticks.at(-1) ?? 0) > (ticks[0] ?? 0), 'a timer starves')
  }
})

test('more workers than CPUs, one task a chunk', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 16 })
  const seen = await within(pool.map(jobs.look, numbers(20_000), { chunkSize: 1 }), 'sixteen workers')
  t.deepEqual(
    seen.map(({ index }) => index),
    numbers(20_000)
  )
})

test('a hundred thousand chunks of one task', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const results = await within(pool.map(Math.sqrt, numbers(100_000), { chunkSize: 1 }), 'chunks of one')
  t.deepEqual(results, numbers(100_000).map(Math.sqrt))
})

test('items and results of 64 MB', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const size = 64 * 2 ** 20
  const input = function* (): Generator<Buffer> {
    for (let i = 1; i <= 3; i++) yield Buffer.alloc(size, i)
  }
  const invert = (buffer: Buffer): Buffer => Buffer.alloc(buffer.length, 255 - Number(buffer[buffer.length - 1]))
  let at = 0
  for await (const result of pool.imap(invert, input(), { maxTasksActive: 2 })) {
    at++
    t.is(result.length, size)
    t.is(Buffer.compare(result, Buffer.alloc(size, 255 - at)), 0)
  }
  t.is(at, 3)
})

test('over a million items go through imap in flat memory', async (t) => {
  const { code, lines, stderr } = await run(t, 'flat-memory.mjs', [], { execArgv: ['--expose-gc'] }).end
  t.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  const { count, growth } = JSON.parse(lines.at(-1) ?? '{}') as { count: number; growth: number }
  t.is(count, 1_200_000)
  t.true(growth < 32 * 2 ** 20, `${(growth / 2 ** 20).toFixed(1)} MiB more after a million items`)
})

test('tasks that throw do not starve the timers of earlier tasks', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  await pool.apply(jobs.startTicking)
  const items = Array.from({ length: 100 }, () => 0)
  const outcomes = await pool.mapSettled(jobs.throwTicks, items, { chunkSize: 100 })
  const ticks = outcomes.map((each) => (each.status === 'rejected' ? (each.reason as { ticks: number }).ticks : 0))
  t.true((ticks.at(-1) ?? 0) > (ticks[0] ?? 0) + 3, ticks.join(' '))
})
