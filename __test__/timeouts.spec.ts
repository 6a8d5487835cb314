import test from 'ava'

import { PoolError, tasks, TaskTimeoutError } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { longEnough } from './helpers/limits.js'
import { watchedPool } from './helpers/pools.js'
import { gone, isAlive, until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const here = new URL('./fixtures/jobs-limits.mjs', import.meta.url)
const jobs = tasks<typeof import('./fixtures/jobs-limits.mjs')>(here)
const BAD = 5
// A busy machine may keep a task that does nothing from going on for a while.
const LIMIT = 1_000
const items = Array.from({ length: 12 }, (_, item) => item)

for (const way of ['spin', 'sleep', 'never', 'stop'] as const) {
  test.serial(`a late task (${way}) fails alone, and every task begins once`, async (t) => {
    const { pool, exits } = watchedPool(t, { nJobs: 2 })
    for (const chunkSize of [1, 12]) {
      const gates = new Gates(t)
      const inputs = items.map((item) => ({ item, bad: BAD, way, file: gates.path('notes') }))
      const settled = await within(
        pool.mapSettled(jobs.run, inputs, { chunkSize, taskTimeout: LIMIT }),
        'the map stays open'
      )
      const begun = gates.lines('notes').map((line) => line.split(' ').map(Number))
      t.deepEqual(
        begun.map(([item]) => item).toSorted((a = 0, b = 0) => a - b),
        items
      )
      const [, workerId, pid] = begun.find(([item]) => item === BAD) ?? []
      for (const [item, outcome] of settled.entries()) {
        if (outcome.status === 'fulfilled') {
          t.is(outcome.value, item)
          continue
        }
        const error: unknown = outcome.reason
        t.true(error instanceof TaskTimeoutError && error instanceof PoolError)
        t.like(error, {
          code: 'ERR_POOL_TASK_TIMEOUT',
          timeout: LIMIT,
          index: BAD,
          workerId,
          pid,
          name: 'TaskTimeoutError'
        })
        t.regex(String(error), /task 5 ran for longer than 1000 ms; worker [01] \(pid \d+\) was killed/)
      }
      t.deepEqual(
        settled.flatMap(({ status }, item) => (status === 'rejected' ? [item] : [])),
        [BAD]
      )
      await until(
        () => exits.some((exit) => exit.pid === pid),
        () => 'its worker lives on'
      )
      t.like(exits.at(-1), { id: workerId, pid, signal: 'SIGKILL' })
    }
    t.is(exits.length, 2, 'no other worker was touched')
    t.like(pool.stats, { completed: 22, failed: 2, cancelled: 0 })
  })
}

test.serial('map and imap fail with the late task; imap delivers the results before it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, taskTimeout: 2_000 })
  const gates = new Gates(t)
  const inputs = items.map((item) => ({ item, bad: BAD, way: 'spin' as const, file: gates.path('notes') }))
  const isLate = { instanceOf: TaskTimeoutError, code: 'ERR_POOL_TASK_TIMEOUT' }
  t.is((await t.throwsAsync(pool.map(jobs.run, inputs), isLate)).index, BAD)
  await t.throwsAsync(pool.mapUnordered(jobs.run, inputs, { chunkSize: 12 }), isLate)
  const seen: number[] = []
  const read = async (): Promise<void> => {
    for await (const item of pool.imap(jobs.run, inputs, { chunkSize: 4 })) seen.push(Number(item))
  }
  await t.throwsAsync(read(), isLate)
  t.deepEqual(seen, [0, 1, 2, 3, 4])
  t.deepEqual(await pool.map((x: number) => x * 2, [1, 2]), [2, 4])
})

test.serial('the limit of a call wins over that of the pool', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, taskTimeout: 60_000 })
  const gates = new Gates(t)
  const error = await t.throwsAsync(pool.apply(jobs.hang, [gates.path('in'), 'spin'], { taskTimeout: 1_000 }), {
    instanceOf: TaskTimeoutError
  })
  t.like(error, { index: 0, timeout: 1_000, pid: await gates.pid('in') })
  t.regex(error.stack ?? '', /timeouts\.spec/, 'it tells where the call was made')
  t.is(await pool.apply(jobs.wait, [100]), 100)
  t.is(exits.length, 1)
})

test.serial('the clock starts with the task, not with the wait for a worker', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  // Each limit is shorter than the wait before its task, and much longer than the task.
  const first = pool.apply(jobs.wait, [2_000])
  const behind = Promise.all([
    pool.apply(jobs.wait, [1], { taskTimeout: 1_600 }),
    pool.map(jobs.wait, [450, 451, 452, 453], { taskTimeout: 1_600, chunkSize: 4 })
  ])
  t.is(await first, 2_000)
  t.deepEqual(await behind, [1, [450, 451, 452, 453]])
  t.is(exits.length, 0)
})

test.serial(
  'tasks within the limit cost no worker, even if their chunk takes much longer than the limit',
  async (t) => {
    const run = async (taskTimeout: number): Promise<boolean> => {
      const { pool, exits } = watchedPool(t, { nJobs: 2, taskTimeout })
      const chunkSize = taskTimeout / 10
      const inputs = Array.from({ length: 2 * chunkSize }, () => 12)
      const outcomes = [
        await pool.mapSettled(jobs.spinFor, inputs, { chunkSize }),
        await pool.mapSettled(jobs.spinFor, inputs.slice(0, chunkSize))
      ]
      return exits.length === 0 && outcomes.flat().every(({ status }) => status === 'fulfilled')
    }
    // A busy machine may let a task of 12 ms wait for a second.
    t.true(await longEnough([500, 2_000, 10_000], run, (areInTime) => areInTime))
  }
)

test.serial('a late task is killed while this process is busy, and work goes on', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const late = pool.apply(jobs.hang, [gates.path('in'), 'spin'], { taskTimeout: 1_000 })
  const next = pool.apply(jobs.hang, [gates.path('next'), 'never'], { taskTimeout: 60_000 })
  const isLate = t.throwsAsync(late, { instanceOf: TaskTimeoutError })
  await gates.passed('in')
  const pid = await gates.pid('in')
  const end = performance.now() + 100_000
  while ((isAlive(pid) || !gates.isOpen('next')) && performance.now() < end);
  t.false(isAlive(pid))
  t.true(gates.isOpen('next'), 'its replacement runs the next task')
  await isLate
  await pool.terminate()
  await t.throwsAsync(next, { code: 'ERR_POOL_TERMINATED' })
})

test.serial(
  'a late task of a nested pool is reported as late; a late task takes its nested pool with it',
  async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
    const error = await t.throwsAsync(pool.apply(jobs.nested, [here.href]), { instanceOf: TaskTimeoutError })
    t.like(error, { timeout: 50, workerId: 0 })
    const hang = async (taskTimeout: number): Promise<Gates> => {
      const gates = new Gates(t)
      await pool.apply(jobs.wait, [1])
      const late = pool.apply(jobs.nestedHang, [here.href, gates.path('in')], { taskTimeout })
      await t.throwsAsync(late, { instanceOf: TaskTimeoutError })
      return gates
    }
    const gates = await longEnough([1_500, 10_000, 60_000], hang, (each) => each.isOpen('in'))
    await gone([await gates.pid('in')])
  }
)

test.serial('many late tasks at once fail one by one, and the pool goes on', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 4 })
  const results = await Promise.allSettled([
    ...Array.from({ length: 8 }, () => pool.apply(jobs.hang, ['/dev/null', 'spin'], { taskTimeout: 20 })),
    ...Array.from({ length: 8 }, (_, i) => pool.apply(Math.abs, [-i], { taskTimeout: 10_000 }))
  ])
  t.deepEqual(
    results.map(({ status }) => status),
    [...Array.from({ length: 8 }, () => 'rejected' as const), ...Array.from({ length: 8 }, () => 'fulfilled' as const)]
  )
  t.like(pool.stats, { completed: 8, failed: 8, cancelled: 0 })
})

test.serial('tasks that take about as long as the limit settle once, either way', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, taskTimeout: 10 })
  const inputs = Array.from({ length: 30 }, (_, i) => 7 + (i % 7))
  const settled = await within(pool.mapSettled(jobs.spinFor, inputs, { chunkSize: 6 }), 'the map stays open')
  t.is(settled.length, 30)
  for (const [index, outcome] of settled.entries()) {
    if (outcome.status === 'fulfilled') t.is(outcome.value, inputs[index])
    else t.like(outcome.reason, { code: 'ERR_POOL_TASK_TIMEOUT', index })
  }
  const { completed, failed, cancelled } = pool.stats
  t.deepEqual([completed + failed, cancelled], [30, 0])
})

test.serial('invalid limits are refused', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const code = 'ERR_POOL_INVALID_OPTION'
  for (const taskTimeout of [0, -1, NaN, Infinity, 2 ** 31]) {
    await t.throwsAsync(pool.map(Math.abs, [1], { taskTimeout }), { instanceOf: RangeError, code })
    await t.throwsAsync(pool.apply(Math.abs, [1], { taskTimeout }), {
      instanceOf: RangeError,
      code,
      message: `taskTimeout must be a number of milliseconds > 0, at most 2147483647, got ${taskTimeout}`
    })
  }
  for (const taskTimeout of ['5', null, 5n, {}]) {
    const options = { taskTimeout } as object
    await t.throwsAsync(pool.map(Math.abs, [1], options), { instanceOf: TypeError, code })
    t.throws(() => watchedPool(t, options), { instanceOf: TypeError, code })
  }
  t.is(await pool.apply(Math.abs, [-1], { taskTimeout: undefined }), 1)
  t.is(await pool.apply(jobs.wait, [0], { taskTimeout: 0.5 + 2_000 }), 0)
  t.is(pool.workers.length, 1)
})

test.serial('late tasks that follow each other in a chunk fail, and no other task', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, taskTimeout: LIMIT })
  const gates = new Gates(t)
  const late = new Set([0, 3, 4, 11])
  const inputs = items.map((item) => ({
    item,
    bad: late.has(item) ? item : -1,
    way: 'spin' as const,
    file: gates.path('notes')
  }))
  const settled = await within(pool.mapSettled(jobs.run, inputs, { chunkSize: 12 }), 'the map stays open')
  t.deepEqual(
    settled.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as TaskTimeoutError).index)),
    items
  )
  t.deepEqual(
    settled.flatMap(({ status }, item) => (status === 'rejected' ? [item] : [])),
    [...late]
  )
  const begun = gates.lines('notes').map((line) => Number(line.split(' ')[0]))
  t.deepEqual(begun, items, 'each began once, in order')
  await until(
    () => exits.length === late.size,
    () => `${exits.length} workers have ended`
  )
})

test.serial('none of thousands of short tasks with a limit is considered late', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 3, taskTimeout: LIMIT })
  const many = Array.from({ length: 20_000 }, (_, item) => item)
  for (const options of [{}, { chunkSize: 1 }, { chunkSize: 5_000 }]) {
    t.deepEqual(await pool.map(jobs.returns, many, options), many)
  }
  const applied = await Promise.all(many.slice(0, 2_000).map((item) => pool.apply(jobs.returns, [item])))
  t.deepEqual(applied, many.slice(0, 2_000))
  t.is(exits.length, 0)
})

test.serial('results that are read late are not late: a busy process, a slow consumer', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 2, taskTimeout: LIMIT })
  await pool.map(jobs.returns, [1, 2], { chunkSize: 1 })
  const texts = Array.from({ length: 1_000 }, (_, item) => `${item}`.padEnd(4_000, '.'))
  const mapped = pool.mapSettled(jobs.returns, texts, { chunkSize: 50 })
  const waited = pool.apply(jobs.wait, [50])
  const end = performance.now() + 2 * LIMIT
  while (performance.now() < end);
  const settled = await mapped
  t.true(settled.every((each, item) => each.status === 'fulfilled' && each.value === texts[item]))
  t.is(await waited, 50)
  const yielded: unknown[] = []
  for await (const item of pool.imap(jobs.returns, items, { maxTasksActive: 3 })) {
    yielded.push(item)
    if (item === 1) await new Promise((resolve) => setTimeout(resolve, 1.5 * LIMIT))
  }
  t.deepEqual(yielded, items)
  t.is(exits.length, 0)
})
