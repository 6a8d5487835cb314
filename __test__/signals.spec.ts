import { setTimeout as sleep } from 'node:timers/promises'

import test from 'ava'

import { task, tasks, WorkerDiedError } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { gone, until } from './helpers/processes.js'
import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof import('./fixtures/jobs-signals.mjs')>(
  new URL('./fixtures/jobs-signals.mjs', import.meta.url)
)
const SIGNALS = ['SIGTERM', 'SIGHUP'] as const
const items = Array.from({ length: 40 }, (_, item) => item)

/** Each item begun once. */
const begunOnce = (lines: readonly string[]): readonly number[] =>
  lines.map((line) => Number(line.split(' ')[0])).toSorted((one, other) => one - other)

for (const signal of SIGNALS) {
  for (const name of ['spin', 'wait'] as const) {
    for (const chunkSize of [1, 40]) {
      test(`${signal}: the running task ends, the rest goes to a replacement (${name}, chunks of ${chunkSize})`, async (t) => {
        const gates = new Gates(t)
        const { pool, exits } = watchedPool(t, { nJobs: 1 })
        const rows = items.map((item) => [gates.path('begun'), gates.path('gate'), item])
        const all = pool.mapSettled(jobs[name], rows as never, { chunkSize, spread: true })
        await gates.passed('begun')
        const [worker] = pool.workers
        process.kill(worker?.pid ?? 0, signal)
        // More than once is no more than once.
        process.kill(worker?.pid ?? 0, signal)
        if (name === 'wait') await sleep(20)
        gates.open('gate')
        const results = await within(all, 'all tasks have settled')
        t.deepEqual(
          results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason)),
          items
        )
        t.deepEqual(begunOnce(gates.lines('begun')), items)
        const runs = gates.lines('begun').map((line) => Number(line.split(' ')[1]))
        t.true(runs.filter((pid) => pid === worker?.pid).length < items.length, 'it did not go on to the end')
        await until(
          () => exits.length === 1,
          () => 'the worker has ended'
        )
        t.like(exits[0], { pid: worker?.pid, exitCode: 0, signal: null })
      })
    }
  }

  test(`${signal}: short tasks of one chunk are run once each`, async (t) => {
    const gates = new Gates(t)
    const { pool } = watchedPool(t, { nJobs: 2 })
    const many = Array.from({ length: 400 }, (_, item) => item)
    const all = pool.map(jobs.short, many.map((item) => [gates.path('begun'), '', item]) as never, {
      chunkSize: 100,
      spread: true
    })
    await gates.passed('begun')
    for (let round = 0; round < 5; round++) {
      for (const { pid, state } of pool.workers) if (state === 'busy') process.kill(pid, signal)
      await sleep(30)
    }
    t.deepEqual(await within(all as Promise<unknown[]>, 'all tasks have settled'), many)
    t.deepEqual(begunOnce(gates.lines('begun')), many)
  })

  test(`${signal}: an idle worker leaves, and the next task has another one`, async (t) => {
    const { pool, exits } = watchedPool(t, { nJobs: 1 })
    const first = await pool.apply(jobs.pid)
    process.kill(first, signal)
    await until(
      () => exits.length === 1,
      () => 'the worker has ended'
    )
    t.like(exits[0], { pid: first, exitCode: 0, signal: null })
    t.not(await pool.apply(jobs.pid), first)
  })

  test(`${signal}: handlers of the task run as well, and so do exit handlers`, async (t) => {
    const gates = new Gates(t)
    const { pool } = watchedPool(t, { nJobs: 1 })
    const call = pool.apply(jobs.withHandlers, [gates.path('begun'), gates.path('gate'), 1])
    await gates.passed('begun')
    process.kill(pool.workers[0]?.pid ?? 0, signal)
    await gates.passed('begun.heard')
    gates.open('gate')
    t.is(await call, 1)
    await pool.stopAndJoin()
    t.deepEqual(gates.lines('begun.heard'), [signal, 'exit 0'])
  })
}

test('a signal to all workers while the pool closes loses nothing', async (t) => {
  const gates = new Gates(t)
  const { pool, exits } = watchedPool(t, { nJobs: 2 })
  const rows = items.map((item) => [gates.path('begun'), gates.path('gate'), item])
  const all = pool.mapSettled(jobs.spin, rows as never, { chunkSize: 1, spread: true })
  await until(
    () => gates.lines('begun').length === 2,
    () => 'two tasks run'
  )
  for (const { pid } of pool.workers) process.kill(-pid, 'SIGTERM')
  const joined = pool.stopAndJoin()
  gates.open('gate')
  const results = await within(all, 'all tasks have settled')
  t.true(results.every(({ status }) => status === 'fulfilled'))
  await within(joined, 'the pool has closed')
  // A replacement that had not started when the last task ended is killed.
  t.true(exits.slice(0, 2).every(({ exitCode }) => exitCode === 0))
})

test('a signal to a worker that is already leaving changes nothing', async (t) => {
  const gates = new Gates(t)
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const pid = await pool.apply(jobs.pid)
  await pool.apply(jobs.leavesSlowly, [gates.path('leaving'), gates.path('gate'), gates.path('finished')])
  const joined = pool.stopAndJoin()
  await gates.passed('leaving')
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGTERM'] as const) process.kill(pid, signal)
  gates.open('gate')
  await joined
  t.true(gates.isOpen('finished'))
  t.like(exits[0], { exitCode: 0, signal: null })
})

test('a signal while a module is loading: its task runs, then the worker leaves', async (t) => {
  const gates = new Gates(t)
  const env = { ...process.env, LOADS_FILE: gates.path('loads') }
  const { pool, exits } = watchedPool(t, { nJobs: 1, env })
  const double = task(new URL('./fixtures/jobs-slow-load.mjs', import.meta.url), 'double')
  const all = pool.map(double, [1, 2, 3] as never, { chunkSize: 1 })
  await gates.passed('loads')
  const pid = await gates.pid('loads')
  process.kill(pid, 'SIGTERM')
  t.deepEqual(await within(all as Promise<unknown[]>, 'all tasks have settled'), [2, 4, 6])
  await pool.stopAndJoin()
  t.true(exits.some((exit) => exit.pid === pid && exit.exitCode === 0))
})

for (const name of ['signalsItself', 'signalsItselfAndBlocks'] as const)
  test(`a task that sends the signal to itself is its worker's last one (${name})`, async (t) => {
    const gates = new Gates(t)
    const { pool } = watchedPool(t, { nJobs: 1 })
    const few = items.slice(0, 5)
    const rows = few.map((item) => [gates.path('begun'), '', item])
    const all = pool.map(jobs[name], rows as never, { chunkSize: 5, spread: true })
    t.deepEqual(await within(all as Promise<unknown[]>, 'all tasks have settled'), few)
    t.is(new Set(gates.lines('begun').map((line) => line.split(' ')[1])).size, few.length)
  })

test('SIGKILL still kills', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1 })
  const call = pool.apply(jobs.spin, [gates.path('begun'), gates.path('gate'), 1])
  await gates.passed('begun')
  process.kill(pool.workers[0]?.pid ?? 0, 'SIGKILL')
  await t.throwsAsync(within(call, 'the task has settled'), { instanceOf: WorkerDiedError })
})

test('a service that closes its pool in its own signal handler ends with all results', async (t) => {
  const gates = new Gates(t)
  const service = run(t, 'service.mjs', [gates.path('begun'), gates.path('gate')])
  await until(
    () => gates.lines('begun').length === 2,
    () => 'two tasks run'
  )
  const workers = gates.lines('begun').map((line) => Number(line.split(' ')[1]))
  for (const pid of [service.pid, ...workers]) process.kill(pid, 'SIGTERM')
  await gates.passed('closing')
  gates.open('gate')
  const end = await within(service.end, 'the service has ended')
  t.deepEqual([end.code, end.lines, end.stderr], [0, ['6 results'], ''])
  await gone(workers)
})
