import { existsSync } from 'node:fs'

import test from 'ava'

import { type Progress, tasks } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-map.mjs'
import { testBoth } from './helpers/both.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-map.mjs', import.meta.url))

const double = (x: number): number => x * 2

/** A listener that keeps what it is told. */
function watch(): { readonly seen: Progress[]; readonly onProgress: (progress: Progress) => void } {
  const seen: Progress[] = []
  return { seen, onProgress: (progress) => void seen.push(progress) }
}

function last(seen: readonly Progress[]): Omit<Progress, 'rate'> {
  const { rate, ...counts } = seen.at(-1) ?? { done: NaN, total: NaN, failed: NaN, rate: NaN }
  if (!(rate >= 0 && rate < Infinity)) throw new Error(`a rate of ${rate}`)
  return counts
}

const items = Array.from({ length: 300 }, (_, at) => at)

testBoth('every kind of map tells its progress once more when it ends', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const whole = { done: 300, total: 300, failed: 0 }
  const lists = [
    (options: object) => pool.map(double, items, options),
    (options: object) => pool.mapUnordered(double, items, options),
    (options: object) => pool.mapSettled(double, items, options)
  ]
  for (const list of lists) {
    const { seen, onProgress } = watch()
    await list({ onProgress })
    t.deepEqual(last(seen), whole)
  }
  const iterators = [
    (options: object) => pool.imap(double, items, options),
    (options: object) => pool.imapUnordered(double, items, options),
    (options: object) => pool.imapSettled(double, items, options),
    (options: object) => pool.imapSettledUnordered(double, items, options)
  ]
  for (const iterate of iterators) {
    const { seen, onProgress } = watch()
    const results: AsyncIterable<unknown> = iterate({ onProgress })
    t.is(seen.length, 0)
    let count = 0
    for await (const result of results) count += result === undefined ? 0 : 1
    t.is(count, items.length)
    t.deepEqual(last(seen), whole)
  }
})

test('progress comes while tasks of one chunk run, with a rate', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1 })
  const { seen, onProgress } = watch()
  const rows = [{ value: 1 }, { value: 2 }, { leave: gates.path('go'), value: 3 }, { value: 4 }]
  const call = pool.map(jobs.pass, rows, { chunkSize: 4, onProgress })
  await until(
    () => seen.some(({ done, rate }) => done === 2 && rate > 0),
    () => `two are done: ${JSON.stringify(seen)}`
  )
  gates.open('go')
  await call
  t.deepEqual(last(seen), { done: 4, total: 4, failed: 0 })
  t.true(seen.every(({ done }, at) => done >= (seen[at - 1]?.done ?? 0)))
})

test('a long task is counted while the next task of its chunk runs', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1 })
  const go = gates.path('go')
  const work = (x: number): number => {
    const end = performance.now() + 20
    while (x === 1 ? performance.now() < end : !existsSync(go));
    return x
  }
  const call = pool.map(work, [1, 2], { chunkSize: 2 })
  await until(
    () => pool.stats.completed === 1,
    () => 'the first task is counted'
  )
  gates.open('go')
  t.deepEqual(await call, [1, 2])
})

test('an input without a length has no total until it has ended', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const { seen, onProgress } = watch()
  async function* slowly(): AsyncGenerator<number> {
    yield 1
    await gates.passed('go')
    yield 2
  }
  const call = pool.map(double, slowly(), { onProgress })
  await until(
    () => seen.some(({ done }) => done === 1),
    () => 'the first is done'
  )
  gates.open('go')
  await call
  t.true(seen.slice(0, -1).every(({ total }) => total === undefined))
  t.deepEqual(last(seen), { done: 2, total: 2, failed: 0 })
  const other = watch()
  await pool.map(double, items.values(), { iterableLength: 10, onProgress: other.onProgress })
  t.deepEqual(last(other.seen), { done: 10, total: 10, failed: 0 })
})

test('failures and batches are counted by items', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const odd = (batch: number[]): number[] => {
    if (batch[0] === 0) throw new Error('the first batch')
    return batch
  }
  const { seen, onProgress } = watch()
  await pool.mapSettled(odd, items, { batch: 8, onProgress })
  t.deepEqual(last(seen), { done: 300, total: 300, failed: 8 })
  const failing = watch()
  await t.throwsAsync(pool.map(odd, items, { batch: 300, onProgress: failing.onProgress }))
  t.is(failing.seen.at(-1)?.failed, 1)
})

test('a call that ends early tells its progress a last time, and never again', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1 })
  const rows = [{ value: 1 }, { leave: gates.path('never'), value: 2 }]
  const controller = new AbortController()
  const aborted = watch()
  const call = pool.map(jobs.pass, rows, { chunkSize: 1, onProgress: aborted.onProgress, signal: controller.signal })
  await until(
    () => aborted.seen.some(({ done }) => done === 1),
    () => 'one is done'
  )
  controller.abort(new Error('enough'))
  await t.throwsAsync(call, { message: 'enough' })
  t.deepEqual(last(aborted.seen), { done: 1, total: 2, failed: 0 })

  const left = watch()
  for await (const value of pool.imap(double, items, { onProgress: left.onProgress })) if (value === 4) break
  t.true((left.seen.at(-1)?.done ?? 0) >= 3)
  const counts = [aborted.seen.length, left.seen.length]
  const later = watch()
  await pool.map(jobs.late, [{ ms: 250, value: 1 }], { onProgress: later.onProgress })
  t.true(later.seen.length >= 2)
  t.deepEqual([aborted.seen.length, left.seen.length], counts)
})

test('a call fails with what its listener throws, and the pool goes on', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1 })
  const fail = (): void => {
    throw new RangeError('the listener')
  }
  // While a task runs.
  const running = pool.map(jobs.pass, [{ leave: gates.path('go'), value: 1 }], { onProgress: fail })
  await t.throwsAsync(running, { instanceOf: RangeError, message: 'the listener' })
  gates.open('go')
  // At the end.
  const atEnd = ({ done, total }: Progress): void => {
    if (done === total) fail()
  }
  await t.throwsAsync(pool.map(double, [1, 2], { onProgress: atEnd }), { message: 'the listener' })
  // The error of the call counts.
  const throwing = (): never => {
    throw new TypeError('the task')
  }
  const failing = pool.map(throwing, [1], {
    onProgress: ({ failed }: Progress) => {
      if (failed > 0) fail()
    }
  })
  await t.throwsAsync(failing, { instanceOf: TypeError, message: 'the task' })
  t.deepEqual(await pool.map(double, [1, 2]), [2, 4])
})

test('onProgress can be a default of the pool; apply has none', async (t) => {
  const { seen, onProgress } = watch()
  const { pool } = watchedPool(t, { nJobs: 1, onProgress })
  await pool.apply(double, [1])
  t.deepEqual(seen, [])
  await pool.map(double, items)
  t.deepEqual(last(seen), { done: 300, total: 300, failed: 0 })
  for (const bad of [null, true, 'yes', {}]) {
    await t.throwsAsync(pool.map(double, items, { onProgress: bad as never }), {
      instanceOf: TypeError,
      code: 'ERR_POOL_INVALID_OPTION',
      message: /^onProgress must be a function, got /
    })
  }
  await t.throwsAsync(pool.apply(double, [1], { onProgress } as never), { code: 'ERR_POOL_INVALID_OPTION' })
})

test('a task that has ended counts while the next one of its chunk is awaited', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const gate = gates.path('counted')
  const counted = async (x: number): Promise<number> => {
    while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 5))
    return x
  }
  const job = (x: number): number | Promise<number> => {
    if (x > 0) return counted(x)
    // A little longer than a time slice of the worker.
    const end = performance.now() + 5
    while (performance.now() < end);
    return x
  }
  const onProgress = ({ done }: Progress): void => {
    if (done === 1) gates.open('counted')
  }
  t.deepEqual(await pool.map(job, [0, 1], { chunkSize: 2, onProgress }), [0, 1])
})
