import { AssertionError } from 'node:assert'
import test from 'ava'

import { DaemonicProcessError, isWorker, PoolError, task, tasks, WorkerDiedError } from '../dist/index.js'
import type * as modulePool from './fixtures/jobs-module-pool.mjs'
import type * as nestedJobs from './fixtures/jobs-nested.mjs'
import { watchedPool } from './helpers/pools.js'
import { gone, isAlive } from './helpers/processes.js'
import { run } from './helpers/run.js'

const jobs = tasks<typeof nestedJobs>(new URL('./fixtures/jobs-nested.mjs', import.meta.url))
const moduleUrl = new URL('./fixtures/jobs-module-pool.mjs', import.meta.url)
const moduleJobs = tasks<typeof modulePool>(moduleUrl)

for (const [where, job] of [
  ['at once', jobs.makePool],
  ['after a turn of the event loop', jobs.makePoolLater],
  ['in a module that it imports', jobs.importPool]
] as const) {
  test(`a task of a daemonic pool cannot make a pool, ${where}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const error = await t.throwsAsync(pool.apply(job), {
      instanceOf: DaemonicProcessError,
      name: 'DaemonicProcessError',
      code: 'ERR_POOL_DAEMONIC',
      message: 'daemonic processes are not allowed to have children'
    })
    t.true(error instanceof AssertionError)
    t.true(error instanceof PoolError)
    t.deepEqual(await pool.map((x: number) => x + 1, [1]), [2], 'the pool is as good as new')
  })
}

test('a module may make a pool beside its functions; in a worker every use of it is refused', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.deepEqual(await pool.map(moduleJobs.double, [1, 2]), [2, 4])
  const { failures, ...rest } = await pool.apply(moduleJobs.usePool)
  t.is(Object.keys(failures).length, 9)
  for (const [name, code] of Object.entries(failures)) t.is(code, 'ERR_POOL_DAEMONIC', name)
  t.deepEqual(rest, { closed: false, workers: 0, submitted: 0 })
})

test('a module that uses its pool while it is being loaded fails to load, with the reason', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const url = new URL('./fixtures/jobs-uses-pool-while-loading.mjs', import.meta.url)
  await t.throwsAsync(pool.apply(task(url, 'job')), { instanceOf: DaemonicProcessError })
})

test('a preload that makes a pool does not keep workers from starting', async (t) => {
  const preload = new URL('./fixtures/preload-pool.mjs', import.meta.url).href
  const { pool } = watchedPool(t, { nJobs: 1, execArgv: ['--import', preload] })
  const use = (): unknown => Reflect.get(globalThis, 'preloadedPool').map(Math.abs, [1])
  await t.throwsAsync(pool.apply(use), { code: 'ERR_POOL_DAEMONIC' })
})

test('a thread that a task of a daemonic pool starts cannot make a pool', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const refused = { isWorker: true, code: 'ERR_POOL_DAEMONIC' }
  t.deepEqual(await pool.apply(jobs.poolInThread, [{}]), refused)
  t.deepEqual(await pool.apply(jobs.poolInThread, [{ execArgv: [], env: {}, argv: ['x'] }]), refused)
})

test('a thread of a worker may make a pool where the worker may', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
  t.deepEqual(await pool.apply(jobs.poolInThread, [{}]), { isWorker: true, doubled: [2, 4, 6] })
})

test('a child process of a task is not a worker, because the mark is in the process, not in the environment', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const made = JSON.stringify({ isWorker: false, doubled: [2, 4, 6] })
  t.deepEqual(await pool.apply(jobs.poolInChild), [0, made])
  t.deepEqual(await pool.apply(jobs.poolInFork), [0, made])
})

test('isWorker is true in a worker, and tasks see none of the options it was started with', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, execArgv: ['--no-warnings'] })
  t.false(isWorker)
  t.deepEqual(await pool.apply(jobs.describe), { isWorker: true, execArgv: ['--no-warnings'], args: 2 })
})

test('with daemon: false pools can be nested', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, daemon: false })
  const doubled = [2, 4, 6]
  t.deepEqual(await pool.map(jobs.makePool, [{}, {}]), [doubled, doubled])
  const bad = await t.throwsAsync(pool.apply(jobs.makePool, [{ nJobs: -1 }]), { instanceOf: RangeError })
  t.is((bad as NodeJS.ErrnoException).code, 'ERR_POOL_INVALID_OPTION')
})

for (const isBusy of [false, true]) {
  const state = isBusy ? 'busy' : 'idle'

  test(`pools two levels deep are gone when the outer pool is terminated, ${state}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
    const pids = await pool.apply(jobs.nest, [2, isBusy])
    t.is(new Set(pids).size, 3)
    t.true(pids.every(isAlive))
    await pool.terminate()
    await gone(pids)
    t.pass()
  })

  test(`pools two levels deep are gone when a worker of the outer pool is killed, ${state}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
    const pids = await pool.apply(jobs.nest, [2, isBusy])
    process.kill(pids[0] ?? 0, 'SIGKILL')
    await gone(pids)
    t.deepEqual(await pool.map((x: number) => x + 1, [1]), [2], 'the worker is replaced')
  })

  test(`pools two levels deep are gone when the outer pool is joined, ${state}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
    const pids = await pool.apply(jobs.nest, [2, isBusy])
    await pool.stopAndJoin()
    await gone(pids)
    t.pass()
  })

  for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM'] as const) {
    test(`pools two levels deep are gone when the whole parent ends by ${signal}, ${state}`, async (t) => {
      const parent = run(t, 'nested-parent.mjs', [state])
      const pids = JSON.parse((await parent.next()) ?? '') as number[]
      t.is(new Set(pids).size, 3)
      t.true(pids.every(isAlive))
      parent.kill(signal)
      t.is((await parent.end).signal, signal)
      await gone(pids)
    })
  }
}

test('an error of an inner pool keeps its class on the way out', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
  const error = await t.throwsAsync(pool.apply(jobs.loseWorker), { instanceOf: WorkerDiedError })
  t.like(error, { name: 'WorkerDiedError', code: 'ERR_POOL_WORKER_DIED', exitCode: 3, signal: null, workerId: 0 })
})

test('when an inner worker is killed only its task fails, and both pools go on', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
  const [outer, inner = 0, ...rest] = await pool.apply(jobs.nest, [2, false])
  process.kill(inner, 'SIGKILL')
  await gone([inner, ...rest])
  const later = await pool.apply(jobs.nest, [2, false])
  t.is(later[0], outer)
  t.not(later[1], inner)
})
