import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import test, { type ExecutionContext } from 'ava'

import {
  PoolClosedError,
  PoolTerminatedError,
  TaskFunctionError,
  tasks,
  WorkerDiedError,
  WorkerStartError
} from '../dist/index.js'
import { isInline, testBoth } from './helpers/both.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { scratch } from './helpers/scratch.js'

const url = new URL('./fixtures/jobs-warm.mjs', import.meta.url)
const jobs = tasks<typeof import('./fixtures/jobs-warm.mjs')>(url)
const NO_TASKS = { submitted: 0, completed: 0, failed: 0, cancelled: 0, running: 0, queued: 0 }

/** A file in which the module notes each process that has loaded it. */
function logOf(t: ExecutionContext): { readonly env: Record<string, string>; readonly loadedBy: () => number[] } {
  const file = join(scratch(t, { log: '' }), 'log')
  const loadedBy = (): number[] => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number)
  return { env: { WARM_LOG: file }, loadedBy }
}

test('warm starts every worker and loads the functions in each', async (t) => {
  const { env, loadedBy } = logOf(t)
  const { pool, started } = watchedPool(t, { nJobs: 3, env })
  const factor = 3
  t.is(await pool.warm(jobs.pid, (x: number) => x * factor), undefined)
  t.deepEqual(started.map(({ id }) => id).toSorted(), [0, 1, 2])
  const pids = pool.workers.map(({ pid }) => pid)
  t.deepEqual(loadedBy().toSorted(), pids.toSorted())
  t.deepEqual(pool.stats, NO_TASKS)
  t.true(pool.workers.every(({ state, tasksDone }) => state === 'idle' && tasksDone === 0))
  await pool.warm(jobs.pid)
  t.true(pids.includes(await pool.apply(jobs.pid)))
  t.is(loadedBy().length, 3, 'each has loaded it once')
})

test('warming counts for no lifespan', async (t) => {
  const { env } = logOf(t)
  const { pool, exits } = watchedPool(t, { nJobs: 1, env, workerLifespan: 1 })
  await pool.warm(jobs.pid)
  await pool.warm(jobs.pid)
  t.deepEqual(exits, [])
  t.is(pool.workers.length, 1)
})

testBoth('warm without functions, and with functions by value', async (t) => {
  const { pool, started } = watchedPool(t, { nJobs: 2 })
  await pool.warm()
  t.is(started.length, isInline(t) ? 0 : 2)
  await pool.warm((x: number) => x + 1, Math.max)
  t.deepEqual(pool.stats, NO_TASKS)
  t.is(await pool.apply((x: number) => x + 1, [1]), 2)
})

testBoth('warm rejects what cannot be sent or loaded, and the pool goes on', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  // @ts-expect-error A number is no function.
  await t.throwsAsync(pool.warm(1), { instanceOf: TypeError, code: 'ERR_POOL_INVALID_OPTION' })
  const bound = function (this: unknown): unknown {
    return this
  }.bind(1)
  await t.throwsAsync(pool.warm(bound), { instanceOf: TaskFunctionError })
  const missing = new URL('./fixtures/does-not-exist.mjs', import.meta.url)
  const error = await t.throwsAsync(
    pool.warm(() => 1, missing),
    { instanceOf: TaskFunctionError, code: 'ERR_POOL_FUNCTION' }
  )
  t.regex(error?.stack ?? '', /warm\.spec/)
  t.deepEqual(pool.stats, NO_TASKS)
  t.is(await pool.apply((x: number) => x + 1, [1]), 2)
})

testBoth('warm rejects with what a module throws while it loads', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  await t.throwsAsync(pool.warm(new URL('./fixtures/jobs-throws.mjs', import.meta.url)), { instanceOf: Error })
  t.deepEqual(pool.stats, NO_TASKS)
})

testBoth('warm on a closed pool is rejected, and terminate rejects it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const warming = t.throwsAsync(pool.warm(new URL('./fixtures/jobs-never-loads.mjs', import.meta.url)), {
    instanceOf: PoolTerminatedError
  })
  await pool.terminate()
  await warming
  await t.throwsAsync(pool.warm(), { instanceOf: PoolClosedError })
})

test('warm rejects if workers cannot start, or die while they load', async (t) => {
  const broken = watchedPool(t, { nJobs: 2, execPath: '/does/not/exist' })
  await t.throwsAsync(broken.pool.warm(), { instanceOf: WorkerStartError })
  const { pool } = watchedPool(t, { nJobs: 2 })
  await t.throwsAsync(pool.warm(new URL('./fixtures/exits-on-load.mjs', import.meta.url)), {
    instanceOf: WorkerDiedError
  })
  t.is(await pool.apply((x: number) => x + 1, [1]), 2)
})

test('stopAndJoin waits for a warm that was accepted', async (t) => {
  const { env, loadedBy } = logOf(t)
  const { pool } = watchedPool(t, { nJobs: 2, env })
  const warming = pool.warm(jobs.pid)
  await pool.stopAndJoin()
  await warming
  t.is(loadedBy().length, 2)
})

for (const [how, options] of [
  ['a time-out', { taskTimeout: 300 }],
  ['an abort', {}]
] as const) {
  test(`after ${how} the worker is replaced without work, and has loaded the module`, async (t) => {
    const { env, loadedBy } = logOf(t)
    const { pool, started } = watchedPool(t, { nJobs: 1, env })
    const first = await pool.apply(jobs.pid)
    const gates = new Gates(t)
    const controller = new AbortController()
    const task = pool.apply(jobs.spin, [gates.path('begun')], { ...options, killGrace: 0, signal: controller.signal })
    const failed = t.throwsAsync(task)
    if (how === 'an abort') {
      await gates.passed('begun')
      controller.abort(new Error('enough'))
    }
    await failed
    await until(
      () => started.length === 2 && loadedBy().length === 2,
      () => 'the replacement loads the module by itself'
    )
    const pid = started[1]?.pid ?? 0
    t.not(pid, first)
    t.deepEqual(loadedBy(), [first, pid])
    t.is(await pool.apply(jobs.pid), pid)
    t.is(loadedBy().length, 2)
    t.is(pool.workers[0]?.tasksDone, 1)
  })
}
