import { readlinkSync } from 'node:fs'

import test from 'ava'

import { sharedArray, tasks, WorkerDiedError, WorkerPool } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { descriptors, gone } from './helpers/processes.js'
import { collectedUntil, freed, holds } from './helpers/regions.js'
import { run } from './helpers/run.js'

const jobs = tasks<typeof import('./fixtures/jobs-shared.mjs')>(new URL('./fixtures/jobs-shared.mjs', import.meta.url))

/** Sizes that nothing else has, so that the memory of each test is found by its size. */
const bytesOf = (number: number): number => (1301 + number) * 4096
const elements = (bytes: number): number => bytes / 8

test('a worker that is killed while it holds an array lets go of it, and nobody else does', async (t) => {
  const bytes = bytesOf(1)
  const gates = new Gates(t)
  const { pool, started } = watchedPool(t, { nJobs: 2 })
  const array = sharedArray(Float64Array, elements(bytes))
  const held = pool.apply(jobs.hold, [array, gates.path('held')]).catch((error: unknown) => error)
  const pid = await gates.pid('held')
  t.deepEqual(holds(pid, bytes), { mappings: 1, descriptors: 1 })
  process.kill(pid, 'SIGKILL')
  t.true((await held) instanceof WorkerDiedError)
  t.is(array[0], 1, 'what it wrote is there')
  await pool.apply(jobs.makeAndWrite, [array])
  t.deepEqual(holds(process.pid, bytes), { mappings: 1, descriptors: 1 })
  array.release()
  await pool.terminate()
  await freed([process.pid, ...started.map((worker) => worker.pid)], bytes)
  t.pass()
})

test('workers that are killed at any moment while they receive, make and return arrays leave none behind', async (t) => {
  const [sent, made] = [bytesOf(2), bytesOf(3)]
  const { pool, started } = watchedPool(t, { nJobs: 2 })
  await pool.warm(jobs.exchange)
  const outcomes: unknown[] = []
  for (let round = 0; round < 60; round++) {
    const array = sharedArray(Float64Array, elements(sent))
    array[1] = round
    const open = [1, 2].map(() => pool.apply(jobs.exchange, [array, elements(made)]).catch((error: unknown) => error))
    // A different moment in each round.
    for (let turn = 0; turn < round % 6; turn++) await new Promise(setImmediate)
    const victim = pool.workers[round % 2]?.pid
    if (victim !== undefined) process.kill(victim, 'SIGKILL')
    for (const outcome of await Promise.all(open)) {
      outcomes.push(outcome)
      if (outcome instanceof Error) t.true(outcome instanceof WorkerDiedError, String(outcome))
      else {
        t.is((outcome as Float64Array)[0], round)
        ;(outcome as { release(): void }).release()
      }
    }
    array.release()
  }
  t.true(
    outcomes.some((outcome) => outcome instanceof Error) && outcomes.some((outcome) => !(outcome instanceof Error))
  )
  const [array, back] = [
    sharedArray(Float64Array, 2),
    await pool.apply(jobs.exchange, [sharedArray(Float64Array, 2), 1])
  ]
  t.deepEqual([array[0], back[0]], [0, 0], 'the pool is as good as new')
  await pool.stopAndJoin()
  await freed([process.pid, ...started.map((worker) => worker.pid)], sent)
  await freed([process.pid], made)
})

test('a worker that is killed while it makes arrays takes them with it', async (t) => {
  const bytes = bytesOf(4)
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1 })
  const making = pool.apply(jobs.makeForEver, [gates.path('making'), elements(bytes)]).catch((error: unknown) => error)
  const pid = await gates.pid('making')
  process.kill(pid, 'SIGKILL')
  t.true((await making) instanceof WorkerDiedError)
  await gone([pid])
  await freed([process.pid], bytes)
})

test('what a worker has returned outlives it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const made = await pool.apply(jobs.make, [5, 2])
  const pid = pool.workers[0]?.pid ?? 0
  process.kill(pid, 'SIGKILL')
  await gone([pid])
  t.is(made[0], 5)
  t.is((await pool.apply(jobs.exchange, [made, 1]))[0], 0)
})

test('a task that fails, is discarded or is late leaves no array behind', async (t) => {
  const bytes = bytesOf(5)
  const { pool } = watchedPool(t, { nJobs: 2 })
  await t.throwsAsync(pool.map(jobs.makeThenFail, Array(20).fill(elements(bytes)), { chunkSize: 1 }), { message: 'no' })
  const controller = new AbortController()
  const aborted = pool.map(jobs.makeSlowly, Array(20).fill(elements(bytes)), {
    chunkSize: 4,
    signal: controller.signal
  })
  setImmediate(() => controller.abort())
  t.is(await aborted.then(() => 'all are done', (error: unknown) => (error as Error).name), 'AbortError') // prettier-ignore
  await t.throwsAsync(pool.apply(jobs.makeSlowly, [elements(bytes), 60_000], { taskTimeout: 30 }), {
    code: 'ERR_POOL_TASK_TIMEOUT'
  })
  t.is((await pool.apply(jobs.make, [1, 1]))[0], 1)
  await pool.stopAndJoin()
  await collectedUntil(
    () => holds(process.pid, bytes).descriptors === 0,
    () => JSON.stringify(holds(process.pid, bytes))
  )
  t.pass()
})

test('nothing is left when the program is killed while its workers hold arrays', async (t) => {
  const script = run(t, 'shared-orphans.mjs')
  const pids = JSON.parse((await script.next()) ?? '[]') as readonly number[]
  t.is(pids.length, 2)
  script.kill('SIGKILL')
  await gone(pids)
  t.pass()
})

test.serial('a thousand arrays leave no descriptor behind, here and in a worker, released or collected', async (t) => {
  const bytes = bytesOf(6)
  const { pool } = watchedPool(t, { nJobs: 1, execArgv: ['--expose-gc'] })
  const pid = await pool.apply(() => process.pid)
  const open = (of: number): number => descriptors(of, readlinkSync).size
  // In a function of its own, whose variables are gone when it has returned.
  const use = async (): Promise<void> => {
    for (let round = 0; round < 1000; round++) {
      const array = sharedArray(Float64Array, elements(bytes))
      if (round % 10 === 0) await pool.apply((x: Float64Array) => void (x as { release?(): void }).release?.(), [array])
      if (round % 2 === 0) array.release()
    }
    for (let round = 0; round < 10; round++) {
      for (const array of await pool.apply(jobs.makeMany, [100, 1])) (array as { release?(): void }).release?.()
    }
  }
  await use()
  await collectedUntil(
    () => holds(process.pid, bytes).descriptors === 0,
    () => JSON.stringify(holds(process.pid, bytes))
  )
  await pool.apply(jobs.collect)
  await collectedUntil(
    () => open(pid) < 60 && open(process.pid) < 200,
    () => `${open(pid)} in the worker, ${open(process.pid)} here`
  )
  t.deepEqual(holds(pid, bytes), { mappings: 0, descriptors: 0 })
})

test('arrays of a call and of a function are freed when both are over', async (t) => {
  const bytes = bytesOf(7)
  const pool = new WorkerPool({ nJobs: 1, execArgv: [], stdio: 'ignore' })
  const use = async (): Promise<void> => {
    const array = sharedArray(Float64Array, elements(bytes))
    await pool.map((at: number) => void (array[at] = at), [0, 1, 2])
    await pool.apply(jobs.makeAndWrite, [array])
  }
  await use()
  await pool.stopAndJoin()
  await collectedUntil(
    () => holds(process.pid, bytes).descriptors + holds(process.pid, bytes).mappings === 0,
    () => JSON.stringify(holds(process.pid, bytes))
  )
  t.pass()
})
