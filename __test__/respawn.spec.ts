import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import test from 'ava'

import { tasks, WorkerDiedError } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof import('./fixtures/jobs-recycling.mjs')>(
  new URL('./fixtures/jobs-recycling.mjs', import.meta.url)
)
const DIES_WHEN_READY = fileURLToPath(new URL('./fixtures/preload-dies-when-ready.cjs', import.meta.url))

/** How a call ended, by code. */
function codes(settled: readonly PromiseSettledResult<unknown>[]): readonly unknown[] {
  return settled.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as WorkerDiedError).code))
}

test('tasks that all kill their worker are rejected one by one, each with its reason, and the pool works on', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 2 })
  const items = Array.from({ length: 9 }, (_, item) => item)
  const settled = await pool.mapSettled(jobs.die, items, { chunkSize: 3 })
  for (const [index, result] of settled.entries()) {
    if (result.status === 'fulfilled' || !(result.reason instanceof WorkerDiedError)) throw new Error(`task ${index}`)
    t.deepEqual([result.reason.index, result.reason.exitCode], [index, 3])
  }
  await until(
    () => exits.length === 9,
    () => `${exits.length} workers have died`
  )
  t.is(new Set(settled.map((each) => each.status === 'rejected' && (each.reason as WorkerDiedError).pid)).size, 9)
  t.deepEqual(await pool.map(jobs.dieWhere, [1, 2, 3]), [1, 2, 3])
})

test('tasks that sometimes kill their worker do not cost other tasks their results', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const items = Array.from({ length: 24 }, (_, item) => item)
  const settled = await pool.mapSettled(jobs.dieWhere, items, { chunkSize: 1 })
  t.deepEqual(
    codes(settled),
    items.map((item) => (item % 4 === 0 ? 'ERR_POOL_WORKER_DIED' : item))
  )
})

test('workers that die as soon as they are ready end the calls that wait, and the CPU stays idle', async (t) => {
  const gates = new Gates(t)
  const env = { ...process.env, SPAWNS: gates.path('spawns'), DIES_UNTIL: gates.path('never') }
  const { pool } = watchedPool(t, { nJobs: 2, execArgv: ['--require', DIES_WHEN_READY], env })
  const settled = await Promise.allSettled([1, 2, 3].map(() => pool.apply(jobs.pid)))
  t.true(codes(settled).every((code) => code === 'ERR_POOL_WORKER_DIED' || code === 'ERR_POOL_WORKER_START'))
  // Each of the three may cost two workers, which may be one and the same.
  const starts = readFileSync(gates.path('spawns'), 'utf8').length
  t.true(starts <= 8, `${starts} starts`)
})

test('terminate ends a crash loop at once, with every task in it', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 4 })
  const items = Array.from({ length: 500 }, (_, item) => item)
  const applied = items.slice(0, 20).map(() => pool.apply(jobs.die))
  const settled = Promise.allSettled([pool.mapSettled(jobs.die, items, { chunkSize: 5 }), ...applied])
  await until(
    () => exits.length >= 6,
    () => `${exits.length} workers have died`
  )
  await within(pool.terminate(), 'terminate')
  const [map, ...calls] = codes(await within(settled, 'tasks stay open'))
  t.is(map, 'ERR_POOL_TERMINATED')
  t.true(calls.every((code) => code === 'ERR_POOL_WORKER_DIED' || code === 'ERR_POOL_TERMINATED'))
  t.deepEqual(pool.workers, [])
})
