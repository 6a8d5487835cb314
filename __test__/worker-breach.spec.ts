import { setTimeout as sleep } from 'node:timers/promises'

import test from 'ava'

import { tasks, WorkerDiedError } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { gone, isAlive, until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof import('./fixtures/jobs-deaths.mjs')>(new URL('./fixtures/jobs-deaths.mjs', import.meta.url))

/** Bytes of the shared memory's front, before the rings' bytes. */
const FRONT = 8192
const EVERYTHING = 1 << 30

const overwritten: Readonly<Record<string, readonly [start: number, length: number, value: number]>> = {
  'everything with zeros': [0, EVERYTHING, 0],
  'everything with ones': [0, EVERYTHING, 255],
  'everything with a pattern': [0, EVERYTHING, 0x5a],
  'the rings’ positions and claims': [0, FRONT, 0x11],
  'the rings’ bytes': [FRONT, EVERYTHING, 0xee]
}

for (const [what, [start, length, value]] of Object.entries(overwritten)) {
  test(`a worker that overwrites ${what} of its shared memory harms only its own tasks`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const ready = await pool.map(jobs.waitFor, [20, 20], { chunkSize: 1 })
    t.deepEqual(ready, [20, 20])
    await until(
      () => pool.workers.length === 2 && pool.workers.every(({ state }) => state === 'idle'),
      () => 'two workers are idle'
    )
    // Both are idle: the first one gets the task.
    const culprit = pool.workers[0]?.pid ?? 0
    const breach = pool.apply(jobs.overwriteShared, [start, length, value]).catch((error: unknown) => error)
    let isDone = false
    const neighbours = pool
      .mapSettled(jobs.waitFor, [1, 2, 3, 4, 5, 6, 7, 8], { chunkSize: 1 })
      .finally(() => (isDone = true))
    const isWaitingForCulprit = (): boolean =>
      pool.stats.queued === 0 && pool.workers.every(({ pid, state }) => state !== 'busy' || pid === culprit)
    await until(
      () => isDone || isWaitingForCulprit(),
      () => `open: ${JSON.stringify([pool.stats, pool.workers])}`
    )
    // One that cannot be heard any more runs until somebody ends it.
    if (isAlive(culprit)) process.kill(culprit, 'SIGKILL')
    const results = await neighbours
    // What was sent to it may have died with it; the rest came back as it was.
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') t.is(result.value, index + 1)
      else t.true(result.reason instanceof WorkerDiedError, String(result.reason))
    }
    t.true(results.filter(({ status }) => status === 'rejected').length <= 1)
    const outcome = await breach
    t.true(outcome instanceof WorkerDiedError || typeof outcome === 'number', String(outcome))
    t.deepEqual(await pool.map(jobs.waitFor, [1, 2, 3, 4], { chunkSize: 1 }), [1, 2, 3, 4])
    await pool.stopAndJoin()
  })
}

test('a worker that closes its control socket harms no other worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.is(await pool.apply(jobs.closeDescriptors, ['^socket:']), 1)
  t.is(await pool.apply(jobs.waitFor, [1]), 1)
  await pool.stopAndJoin()
})

for (const bells of ['its bells', 'all it has']) {
  test(`a worker that closes ${bells} is killed and replaced`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const first = await pool.apply(jobs.pid)
    const pattern = bells === 'its bells' ? 'eventfd' : '.'
    const closing = await pool.apply(jobs.closeDescriptors, [pattern]).catch((error: unknown) => error)
    // The outcome is in the ring before the bell is missed.
    t.true(closing instanceof WorkerDiedError || typeof closing === 'number', String(closing))
    // It misses the bell when it has gone to sleep. Until then it may run a task, or die of its own.
    const next = async (): Promise<number> => {
      for (;;) {
        await sleep(5)
        const pid = await pool.apply(jobs.pid).catch((error: unknown) => error)
        if (typeof pid === 'number' && pid !== first) return pid
        t.true(pid === first || pid instanceof WorkerDiedError, String(pid))
      }
    }
    t.is(await within(next(), 'no worker has replaced it'), pool.workers[0]?.pid ?? 0)
    await gone([first])
    await pool.stopAndJoin()
  })
}

test('bytes that a worker writes into its control socket end at most that worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const first = await pool.apply(jobs.pid)
  await pool.apply(jobs.writeToControl, ['H garbage', 1000])
  t.is(await pool.apply(jobs.pid), first)
  // An empty message is not taken for the end of the socket.
  await pool.apply(jobs.writeToControl, ['', 3])
  t.is(await pool.apply(jobs.pid), first)
})
