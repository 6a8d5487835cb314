import test from 'ava'

import { PoolError, QueueFullError, tasks } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'

const jobs = tasks<typeof import('./fixtures/jobs-recycling.mjs')>(
  new URL('./fixtures/jobs-recycling.mjs', import.meta.url)
)

for (const maxQueue of [0, 1, 3]) {
  test(`maxQueue ${maxQueue} lets that many apply calls wait, beside those that workers take`, async (t) => {
    const gates = new Gates(t)
    const { pool } = watchedPool(t, { nJobs: 2, maxQueue })
    const gate = gates.path('gate')
    const submit = (): Promise<number> => pool.apply(jobs.waitForFile, [gate])
    const accepted = Array.from({ length: maxQueue + 2 }, submit)
    for (let more = 0; more < 2; more++) {
      const error = await t.throwsAsync(submit(), { instanceOf: QueueFullError, code: 'ERR_POOL_QUEUE_FULL' })
      t.is(error?.limit, maxQueue)
      t.true(error instanceof PoolError)
    }
    gates.open('gate')
    t.is((await Promise.all(accepted)).length, maxQueue + 2)
    t.is(await pool.apply((x: number) => x, [1]), 1)
    t.is(pool.stats.submitted, maxQueue + 3)
  })
}

test('functions by value count before they are sent', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, maxQueue: 1 })
  const add = 1
  const calls = [1, 2, 3, 4].map((x) => pool.apply((y: number) => y + add, [x]))
  const settled = await Promise.allSettled(calls)
  t.deepEqual(
    settled.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as QueueFullError).code)),
    [2, 3, 'ERR_POOL_QUEUE_FULL', 'ERR_POOL_QUEUE_FULL']
  )
})

test('maps do not count as waiting, but occupy workers', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1, maxQueue: 1 })
  const gate = gates.path('gate')
  const inputs = Array.from({ length: 50 }, (_, item) => ({ item, notes: gates.path('notes'), gate }))
  const mapped = pool.map(jobs.noteAndWait, inputs, { chunkSize: 1 })
  await gates.passed('notes')
  const waiting = pool.apply(jobs.waitForFile, [gate])
  await t.throwsAsync(pool.apply(jobs.pid), { code: 'ERR_POOL_QUEUE_FULL' })
  const other = pool.mapSettled(jobs.waitForFile, [gate, gate])
  gates.open('gate')
  t.is((await mapped).length, 50)
  t.is((await other).length, 2)
  t.is(await waiting, pool.workers[0]?.pid ?? 0)
})

test('an abort makes room in the queue', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1, maxQueue: 1 })
  const first = pool.apply(jobs.waitForFile, [gates.path('gate')])
  const controller = new AbortController()
  const aborted = pool.apply(jobs.pid, [], { signal: controller.signal })
  await t.throwsAsync(pool.apply(jobs.pid), { code: 'ERR_POOL_QUEUE_FULL' })
  controller.abort()
  t.is(await aborted.catch((error: unknown) => error), controller.signal.reason)
  const next = pool.apply(jobs.pid)
  gates.open('gate')
  t.is(await next, await first)
})
