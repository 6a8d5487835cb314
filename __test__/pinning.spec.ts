import { spawnSync } from 'node:child_process'
import test, { type ExecutionContext } from 'ava'

import { availableCpus, cpuCount, type CpuIds, PoolError, tasks, WorkerPool } from '../dist/index.js'
import type * as pinningJobs from './fixtures/jobs-pinning.mjs'
import { cpusOfProcess, cpusOfThreads } from './helpers/affinity.js'
import { type Watched, watchedPool } from './helpers/pools.js'
import { gone } from './helpers/processes.js'
import { run } from './helpers/run.js'

const jobs = tasks<typeof pinningJobs>(new URL('./fixtures/jobs-pinning.mjs', import.meta.url))

const available = availableCpus()
// The same CPU where this process has only one.
const low = available[0] ?? 0
const high = available.at(-1) ?? 0
const both = [...new Set([low, high])]

/** The pids of a pool's workers by id; every one of them is started. */
function startAll({ pool }: Watched, nJobs: number): Promise<number[]> {
  return pool.map(jobs.startThreads, Array.from({ length: nJobs }), { chunkSize: 1, orderTasks: true })
}

function assertPinned(
  t: ExecutionContext,
  { pool }: Watched,
  pids: readonly number[],
  sets: readonly number[][]
): void {
  for (const [id, pid] of pids.entries()) {
    const set = sets[id] ?? []
    t.deepEqual(cpusOfProcess(pid), set)
    for (const cpus of cpusOfThreads(pid)) t.deepEqual(cpus, set)
    t.deepEqual(pool.workers.find((worker) => worker.id === id)?.cpus, set)
  }
}

const shapes: readonly (readonly [string, CpuIds, number, number[][]])[] = [
  ['one id for all workers', [low], 2, [[low], [low]]],
  ['the other id for all workers', [high], 2, [[high], [high]]],
  ['an id for each worker', [low, high], 2, [[low], [high]]],
  ['a set for all workers', [[low, high]], 2, [both, both]],
  ['a set for each worker', [[low], [high]], 2, [[low], [high]]],
  ['sets and ids mixed', [high, [low, high]], 2, [[high], both]],
  ['more workers than CPUs on one id', [high], 4, [[high], [high], [high], [high]]]
]

for (const [name, cpuIds, nJobs, sets] of shapes) {
  test(`pinning: ${name}, each thread of each worker, and the replacements too`, async (t) => {
    const watched = watchedPool(t, { nJobs, cpuIds })
    const pids = await startAll(watched, nJobs)
    t.is(new Set(pids).size, nJobs)
    assertPinned(t, watched, pids, sets)

    const [victim = 0] = pids
    process.kill(victim, 'SIGKILL')
    await gone([victim])
    const later = await startAll(watched, nJobs)
    t.not(later[0], victim)
    assertPinned(t, watched, later, sets)
  })
}

for (const cpuIds of [null, undefined, []]) {
  test(`workers are not pinned if cpuIds is ${JSON.stringify(cpuIds)}`, async (t) => {
    const watched = watchedPool(t, { nJobs: 1, cpuIds })
    const [pid = 0] = await startAll(watched, 1)
    const mine = cpusOfProcess(process.pid)
    t.deepEqual(cpusOfProcess(pid), mine)
    for (const cpus of cpusOfThreads(pid)) t.deepEqual(cpus, mine)
    t.deepEqual(watched.pool.workers[0]?.cpus, [])
  })
}

test.serial('pinning workers does not change the affinity of this process', async (t) => {
  const mine = cpusOfProcess(process.pid)
  t.deepEqual(mine, available)
  const watched = watchedPool(t, { nJobs: 2, cpuIds: [[low], [high]] })
  await startAll(watched, 2)
  t.deepEqual(cpusOfProcess(process.pid), mine)
  for (const cpus of cpusOfThreads(process.pid)) t.deepEqual(cpus, mine)
})

test('a set is cut to the CPUs that this process may use', async (t) => {
  const watched = watchedPool(t, { nJobs: 1, cpuIds: [Array.from({ length: cpuCount() }, (_, id) => id)] })
  const [pid = 0] = await startAll(watched, 1)
  t.deepEqual(cpusOfProcess(pid), available)
  t.deepEqual(watched.pool.workers[0]?.cpus, available)
})

test('the usable CPUs are those of the process, not of the thread that asks', (t) => {
  t.deepEqual(available, cpusOfProcess(process.pid))
  t.true(available.every((id) => id < cpuCount()))
})

const hasTaskset = spawnSync('taskset', ['--version']).status === 0

for (const id of hasTaskset ? both : []) {
  test(`a parent on CPU ${id} alone has one worker by default, and may pin to that CPU only`, async (t) => {
    const parent = run(t, 'pinned-parent.mjs', [], {
      execPath: 'taskset',
      execArgv: ['-c', String(id), process.execPath]
    })
    const { code, lines, stderr } = await parent.end
    t.deepEqual([code, stderr], [0, ''])
    const found = JSON.parse(lines[0] ?? '') as Record<string, unknown> & { refused: string[] }
    t.like(found, { available: [id], jobs: 1, unpinned: [], cut: [id] })
    t.is(found.refused.length, cpuCount() - 1)
    for (const message of found.refused) t.regex(message, new RegExp(`may use none of these CPUs, only ${id}`))
  })
}

test('by default there is a worker for each usable CPU, unless the control group grants less', async (t) => {
  const { pool } = watchedPool(t)
  const ids = await pool.map((_item: unknown, { workerId }) => workerId, Array.from({ length: 2 * cpuCount() }), {
    chunkSize: 1,
    orderTasks: true,
    passContext: true
  })
  const count = new Set(ids).size
  t.true(count >= 1 && count <= available.length)
  t.deepEqual(
    ids,
    ids.map((_, index) => index % count)
  )
})

test('there may be more workers than CPUs', async (t) => {
  const nJobs = cpuCount() + 3
  const { pool } = watchedPool(t, { nJobs })
  const pids = await pool.map(jobs.pid, Array.from({ length: nJobs }), { chunkSize: 1, orderTasks: true })
  t.is(new Set(pids).size, nJobs)
})

const beyond = cpuCount()
const refused: readonly (readonly [unknown, number, typeof TypeError | typeof RangeError, RegExp])[] = [
  [0, 1, TypeError, /CPU IDs must be a list.*got 0/],
  ['0', 1, TypeError, /CPU IDs must be a list.*got '0'/],
  [{ 0: 0, length: 1 }, 1, TypeError, /must be a list/],
  [new Set([0]), 1, TypeError, /must be a list/],
  [new Uint8Array(1), 1, TypeError, /must be a list/],
  [true, 1, TypeError, /must be a list/],
  [['0'], 1, TypeError, /cpuIds\[0\]: CPU ID\(s\) must be either a list or a single integer, got '0'/],
  [[true], 1, TypeError, /cpuIds\[0\]/],
  [[null], 1, TypeError, /cpuIds\[0\]/],
  [[undefined], 1, TypeError, /cpuIds\[0\]/],
  [[0n], 1, TypeError, /cpuIds\[0\]/],
  [Array(1), 1, TypeError, /cpuIds\[0\]/],
  [[[[0]]], 1, TypeError, /cpuIds\[0\]\[0\]/],
  [[['0']], 1, TypeError, /cpuIds\[0\]\[0\]/],
  [[0.5], 1, RangeError, /single integer, got 0\.5/],
  [[NaN], 1, RangeError, /single integer, got NaN/],
  [[Infinity], 1, RangeError, /single integer, got Infinity/],
  [[-0], 1, RangeError, /single integer, got -0/],
  [[[]], 1, RangeError, /cpuIds\[0\]: a set of CPU IDs cannot be empty/],
  [[-1], 1, RangeError, /CPU IDs cannot be negative, got \[ -1 \]/],
  [[[0, -1]], 1, RangeError, /CPU IDs cannot be negative/],
  [
    [beyond],
    1,
    RangeError,
    new RegExp(`CPU ID ${beyond} exceeds the maximum CPU ID available on your system: ${beyond - 1}`)
  ],
  [[[low], [beyond]], 2, RangeError, new RegExp(`CPU ID ${beyond} exceeds the maximum`)],
  [[low, low, low], 2, RangeError, /Number of CPU IDs \(3\) does not match number of jobs \(2\)/],
  [[[low], [low]], 3, RangeError, /Number of CPU IDs \(2\) does not match number of jobs \(3\)/]
]

test('cpuIds of a wrong kind, length or bound are refused by the constructor', (t) => {
  for (const [cpuIds, nJobs, errorClass, message] of refused) {
    const error = t.throws(() => new WorkerPool({ nJobs, cpuIds: cpuIds as CpuIds }), {
      instanceOf: errorClass,
      message
    })
    t.is((error as NodeJS.ErrnoException | undefined)?.code, 'ERR_POOL_INVALID_OPTION')
    t.true(error instanceof PoolError)
  }
})

test('changing the array of CPU ids after the call changes nothing', async (t) => {
  const set = [high]
  const cpuIds = [set]
  const watched = watchedPool(t, { nJobs: 1, cpuIds })
  set[0] = low
  cpuIds.length = 0
  assertPinned(t, watched, await startAll(watched, 1), [[high]])
})

test('a pool with cpuIds for each worker is resized with new ones only, and workers whose CPUs change are replaced', async (t) => {
  const watched = watchedPool(t, { nJobs: 2, cpuIds: [low, low] })
  const first = await startAll(watched, 2)
  const needsIds = {
    code: 'ERR_POOL_INVALID_OPTION',
    name: 'RangeError',
    message: /needs new ones: resize\(\d, { cpuIds }\)/
  }
  await t.throwsAsync(watched.pool.resize(1), needsIds)
  await t.throwsAsync(watched.pool.resize(3), needsIds)
  await t.throwsAsync(watched.pool.resize(3, { cpuIds: [low, low] }), {
    message: /does not match number of jobs \(3\)/
  })
  await watched.pool.resize(2)
  t.is(watched.exits.length, 0)
  await watched.pool.resize(3, { cpuIds: [[low], both, [high]] })
  const second = await startAll(watched, 3)
  assertPinned(t, watched, second, [[low], both, [high]])
  t.is(second[0], first[0], 'its CPUs are the same')
  if (low !== high) t.not(second[1], first[1])
})

test('a pool with one entry for all workers, or none, is resized without new cpuIds', async (t) => {
  const watched = watchedPool(t, { nJobs: 1, cpuIds: [high] })
  await startAll(watched, 1)
  await watched.pool.resize(2)
  assertPinned(t, watched, await startAll(watched, 2), [[high], [high]])
  await watched.pool.resize(3, { cpuIds: null })
  await startAll(watched, 3)
  t.deepEqual(watched.pool.workers.map(({ cpus }) => cpus), [[], [], []]) // prettier-ignore
  await watched.pool.resize(2)
  t.is(watched.pool.workers.length, 2)
})
