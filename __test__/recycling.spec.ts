import { setTimeout as sleep } from 'node:timers/promises'

import test from 'ava'

import { tasks } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { gone, until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof import('./fixtures/jobs-recycling.mjs')>(
  new URL('./fixtures/jobs-recycling.mjs', import.meta.url)
)
const items = (length: number): readonly number[] => Array.from({ length }, (_, item) => item)
const MEBIBYTE = 1024 * 1024

interface Ran {
  readonly item: number
  readonly pid: number
  readonly count: number
}

/** Tasks by process. */
function lives(ran: readonly Ran[]): readonly number[] {
  const byPid = new Map<number, number>()
  for (const { pid } of ran) byPid.set(pid, (byPid.get(pid) ?? 0) + 1)
  return [...byPid.values()]
}

for (const [nJobs, workerLifespan, chunkSize] of [
  [1, 3, 7],
  [2, 3, 2],
  [2, 1, undefined],
  [1, 1, 4]
] as const) {
  test(`with nJobs ${nJobs}, chunks of ${chunkSize} and a lifespan of ${workerLifespan} no worker runs more tasks`, async (t) => {
    // Each task of a worker that runs one costs a start.
    const [mapped, pulled] = workerLifespan === 1 ? [6, 3] : [12, 7]
    const { pool, exits } = watchedPool(t, { nJobs })
    const options = { workerLifespan, ...(chunkSize === undefined ? {} : { chunkSize }) }
    const ran = await pool.map(jobs.count, items(mapped), options)
    t.deepEqual(
      ran.map(({ item }) => item),
      items(mapped)
    )
    t.true(ran.every(({ count }) => count <= workerLifespan))
    if (nJobs === 1) t.true(lives(ran).every((life) => life === workerLifespan))
    const yielded: number[] = []
    for await (const { item, count } of pool.imap(jobs.count, items(pulled), options)) {
      t.true(count <= workerLifespan)
      yielded.push(item)
    }
    t.deepEqual(yielded, items(pulled))
    await pool.stopAndJoin()
    t.true(exits.every(({ id, exitCode }) => exitCode === 0 && id < nJobs))
    const all = mapped + pulled
    t.deepEqual(pool.stats, { submitted: all, completed: all, failed: 0, cancelled: 0, running: 0, queued: 0 })
  })
}

test('a lifespan of the pool holds for every call, apply too, and a call may have its own', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, workerLifespan: 2 })
  const ran = await Promise.all(items(6).map((item) => pool.apply(jobs.count, [item])))
  t.deepEqual(
    ran.map(({ count }) => count),
    [1, 2, 1, 2, 1, 2]
  )
  const own = await pool.map(jobs.count, items(6), { workerLifespan: 3 })
  t.deepEqual(lives(own), [3, 3])
})

test('a failure within a chunk that was cut ends the call as usual', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, workerLifespan: 2, maxWorkerMemory: 2 ** 40 })
  const settled = await pool.mapSettled(jobs.keepAndThrow, [0, 0, 0, 0, 0], { chunkSize: 5 })
  t.true(settled.every(({ status }) => status === 'rejected'))
  await t.throwsAsync(pool.map(jobs.keepAndThrow, [0, 0, 0, 0, 0], { chunkSize: 5 }), { message: /^worker \d+$/ })
  const iterator = pool.imap(jobs.keepAndThrow, [0, 0, 0, 0, 0], { chunkSize: 5 })
  await t.throwsAsync(within(iterator.next(), 'the first failure'), { message: /^worker \d+$/ })
  t.is((await within(iterator.next(), 'the end')).done, true)
  t.is((await pool.map(jobs.count, items(5), { chunkSize: 5 })).length, 5)
})

test('chunks for one worker wait for its replacement', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 2 })
  const ran = await pool.map(jobs.count, items(8), { orderTasks: true, chunkSize: 1, workerLifespan: 1 })
  t.is(new Set(ran.map(({ pid }) => pid)).size, 8)
  await pool.stopAndJoin()
  t.is(exits.filter(({ id }) => id === 0).length, 4)
})

test('a worker that uses too much memory is replaced after the task that passed the limit', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, maxWorkerMemory: 200 * MEBIBYTE })
  const sizes = [0, 0, 200 * MEBIBYTE, 0, 0, 200 * MEBIBYTE, 0]
  for (const chunkSize of [1, 7]) {
    const ran = await pool.map(jobs.keep, sizes, { chunkSize })
    t.deepEqual(
      ran.map(({ count }) => count),
      [1, 2, 3, 1, 2, 3, 1]
    )
    await pool.recycle()
    const settled = await pool.mapSettled(jobs.keepAndThrow, sizes, { chunkSize })
    const pids = settled.map((each) => (each.status === 'rejected' ? String(each.reason) : ''))
    t.deepEqual(
      pids.map((pid) => pids.indexOf(pid)),
      [0, 0, 0, 3, 3, 3, 6]
    )
    await pool.recycle()
  }
  t.true(exits.every(({ exitCode }) => exitCode === 0))
})

test('a limit below what Node needs leaves each worker one task', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, maxWorkerMemory: 1 })
  const ran = await pool.map(jobs.count, items(3), { chunkSize: 3 })
  t.is(new Set(ran.map(({ pid }) => pid)).size, 3)
})

test('maxHeap sets the limit of V8, over an inherited one', async (t) => {
  const { pool } = watchedPool(t, {
    nJobs: 1,
    maxHeap: 100 * MEBIBYTE,
    execArgv: ['--max-old-space-size=900'],
    env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=800' }
  })
  const limit = await pool.apply(jobs.heapLimit)
  t.true(limit >= 100 && limit < 300, `${limit} MiB`)
})

test('the smallest maxHeap is enough for a worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, maxHeap: 16 * MEBIBYTE })
  t.deepEqual(await pool.map((item: number) => item + 1, [1, 2]), [2, 3])
})

test('an idle pool has no worker after its idle timeout, and works again', async (t) => {
  const gates = new Gates(t)
  const { pool, exits, started } = watchedPool(t, { nJobs: 2, idleTimeout: 50 })
  const notes = gates.path('notes')
  const pids = await pool.map(jobs.noteExit, [notes, notes], { chunkSize: 1 })
  await gone(pids)
  const lines = new Set(gates.lines('notes'))
  t.deepEqual([...lines].toSorted(), [...new Set(pids)].map((pid) => `exit 0 ${pid}`).toSorted(), 'exit handlers ran')
  await until(
    () => pool.workers.length === 0 && exits.length === started.length,
    () => `${pool.workers.length} workers`
  )
  t.true(exits.every(({ exitCode }) => exitCode === 0))
  t.false(pids.includes(await pool.apply(jobs.pid)))
})

test('a busy worker is not idle', async (t) => {
  const gates = new Gates(t)
  const { pool, exits } = watchedPool(t, { nJobs: 2, idleTimeout: 20 })
  const busy = pool.apply(jobs.waitForFile, [gates.path('gate')])
  await pool.apply(jobs.pid)
  await until(
    () => exits.length === 1,
    () => 'the idle one leaves'
  )
  await sleep(60)
  t.is(exits.length, 1)
  // Once its task has ended it is idle as well, and may have left when the result is looked at.
  const pids = pool.workers.map(({ pid }) => pid)
  gates.open('gate')
  t.deepEqual(pids, [await busy])
})

test('with an idle timeout of 0 nothing is lost between tasks', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, idleTimeout: 0 })
  for (const item of items(4)) t.is((await pool.apply(jobs.count, [item])).item, item)
  t.is((await pool.map(jobs.count, items(40), { chunkSize: 3 })).length, 40)
})

test('recycle replaces every worker after its running task, and other workers run what it had not begun', async (t) => {
  const gates = new Gates(t)
  const { pool, exits } = watchedPool(t, { nJobs: 2 })
  const notes = gates.path('notes')
  const inputs = items(8).map((item) => ({ item, notes, gate: gates.path('gate') }))
  const mapped = pool.map(jobs.noteAndWait, inputs, { chunkSize: 4 })
  await until(
    () => gates.lines('notes').length === 2,
    () => 'two tasks run'
  )
  const old = pool.workers.map(({ pid }) => pid)
  let isRecycled = false
  const recycled = pool.recycle().then(() => (isRecycled = true))
  const next = pool.apply(jobs.pid)
  await sleep(20)
  t.false(isRecycled, 'they still run their tasks')
  gates.open('gate')
  await within(recycled, 'recycled')
  t.true(old.every((pid) => exits.some((exit) => exit.pid === pid && exit.exitCode === 0)))
  const ran = await within(mapped, 'the map')
  t.deepEqual(
    ran.map(({ item }) => item),
    items(8)
  )
  t.is(gates.lines('notes').length, 8, 'each began once')
  t.is(ran.filter(({ pid }) => old.includes(pid)).length, 2)
  t.false(old.includes(await next))
})

test('recycle of a pool without workers resolves, of a closed one rejects', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  await pool.recycle()
  const pid = await pool.apply(jobs.pid)
  await Promise.all([pool.recycle(), pool.recycle()])
  await gone([pid])
  t.deepEqual(pool.workers, [])
  await pool.apply(jobs.pid)
  const last = pool.recycle()
  const closing = pool.stopAndJoin()
  await t.throwsAsync(pool.recycle(), { code: 'ERR_POOL_CLOSED' })
  await within(last, 'recycled by closing')
  await closing
})

test('a worker whose exit handlers do not end is killed, and recycle resolves', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  await pool.apply(() => {
    process.on('exit', () => {
      for (;;);
    })
  })
  const recycled = pool.recycle()
  await until(
    () => pool.workers[0]?.state === 'leaving',
    () => 'it leaves'
  )
  const next = pool.apply(jobs.pid)
  await within(recycled, 'recycled')
  t.is(exits[0]?.signal, 'SIGKILL')
  t.not(await next, exits[0]?.pid)
})

test('terminate ends a recycle that waits for a task', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1 })
  const call = pool.apply(jobs.noteAndWait, [{ item: 0, notes: gates.path('notes'), gate: gates.path('never') }])
  await gates.passed('notes')
  const recycled = pool.recycle()
  await pool.terminate()
  await within(recycled, 'recycled')
  await t.throwsAsync(call, { code: 'ERR_POOL_TERMINATED' })
})

test('a backlog of a thousand calls finishes although it uses up many workers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, workerLifespan: 80 })
  const calls = items(1_000).map((item) => pool.apply(jobs.count, [item]))
  // A dozen workers start, one after the other: that takes long on a busy machine.
  const ran = await within(Promise.all(calls), 'some are stranded')
  t.deepEqual(
    ran.map(({ item }) => item),
    items(1_000)
  )
  t.true(lives(ran).every((life) => life <= 80))
  t.like(pool.stats, { submitted: 1_000, completed: 1_000, running: 0, queued: 0 })
})

test('calls of all kinds at once share the lifespans of workers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, workerLifespan: 7 })
  const yielded = async (): Promise<Ran[]> => {
    const ran: Ran[] = []
    for await (const each of pool.imapUnordered(jobs.count, items(20), { chunkSize: 3 })) ran.push(each)
    return ran
  }
  const ran = await within(
    Promise.all([
      pool.map(jobs.count, items(30), { chunkSize: 50 }),
      pool.mapUnordered(jobs.count, items(20)),
      yielded(),
      ...items(5).map(async (item) => [await pool.apply(jobs.count, [item])])
    ]),
    'they stay open'
  )
  t.is(ran.flat().length, 75)
  t.true(lives(ran.flat()).every((life) => life <= 7))
})

test('the highest limits act as no limit: no number wraps', async (t) => {
  const most = Number.MAX_SAFE_INTEGER
  const limits = { taskTimeout: 2 ** 31 - 1, killGrace: 2 ** 31 - 1, retries: 2 ** 32 - 1 }
  const { pool } = watchedPool(t, {
    nJobs: 1,
    ...limits,
    idleTimeout: 2 ** 31 - 1,
    maxWorkerMemory: most,
    maxHeap: most,
    maxQueue: most,
    workerLifespan: most
  })
  const pid = await pool.apply(jobs.pid)
  t.deepEqual([...new Set(await Promise.all(items(5).map(() => pool.apply(jobs.pid))))], [pid])
  for (const workerLifespan of [2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 33 + 2, most]) {
    const ran = await pool.map(jobs.count, items(7), { workerLifespan, chunkSize: 4 })
    t.deepEqual(lives(ran), [7])
    t.is(ran[0]?.pid, pid)
  }
  for (const maxQueue of [2 ** 32, 2 ** 32 + 1]) {
    const { pool: other } = watchedPool(t, { nJobs: 1, maxQueue, maxWorkerMemory: 2 ** 40 })
    t.is(new Set(await Promise.all(items(4).map(() => other.apply(jobs.pid)))).size, 1)
  }
})
