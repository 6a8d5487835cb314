import test from 'ava'

import { PoolClosedError, type TaskContext, tasks, WorkerPool, type WorkerPoolOptions } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { type Watched, watchedPool } from './helpers/pools.js'
import { gone, until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof import('./fixtures/jobs-recycling.mjs')>(
  new URL('./fixtures/jobs-recycling.mjs', import.meta.url)
)
const items = (length: number): readonly number[] => Array.from({ length }, (_, item) => item)
const ids = ({ pool }: Watched): readonly number[] => pool.workers.map(({ id }) => id)
const same = (item: number): number => item
const workerIdOf = (_item: number, { workerId }: TaskContext): number => workerId
const LEFT = { exitCode: 0, signal: null, reason: 'resize' }

/** A pool whose workers all run a task, which ends when `gate` is open. */
async function busyPool(
  { pool, ...watched }: Watched,
  gates: Gates,
  nJobs: number
): Promise<Watched & { readonly results: Promise<{ readonly item: number; readonly pid: number }[]> }> {
  const [notes, gate] = [gates.path('notes'), gates.path('gate')]
  const results = Promise.all(items(nJobs).map((item) => pool.apply(jobs.noteAndWait, [{ item, notes, gate }])))
  await until(
    () => gates.lines('notes').length === nJobs,
    () => `${gates.lines('notes').length} tasks have begun`
  )
  return { pool, ...watched, results }
}

test('a pool that grows starts workers for the tasks that wait', async (t) => {
  const gates = new Gates(t)
  const watched = watchedPool(t, { nJobs: 1 })
  const [notes, gate] = [gates.path('notes'), gates.path('gate')]
  const results = Promise.all(items(3).map((item) => watched.pool.apply(jobs.noteAndWait, [{ item, notes, gate }])))
  await gates.passed('notes')
  t.deepEqual(ids(watched), [0])
  await watched.pool.resize(3)
  await until(
    () => gates.lines('notes').length === 3,
    () => 'the new workers take no tasks'
  )
  gates.open('gate')
  t.is(new Set((await results).map(({ pid }) => pid)).size, 3)
  t.deepEqual(ids(watched), [0, 1, 2])
})

test('without work nothing is started, and a pool that was never used is resized, too', async (t) => {
  const watched = watchedPool(t, { nJobs: 4 })
  await watched.pool.resize(2)
  t.deepEqual(ids(watched), [])
  await watched.pool.warm()
  t.deepEqual(ids(watched), [0, 1])
  await watched.pool.resize(3)
  t.deepEqual(ids(watched), [0, 1])
  await watched.pool.warm()
  t.deepEqual(ids(watched), [0, 1, 2])
  await watched.pool.resize(3)
  t.is(watched.exits.length, 0)
})

test('a pool that shrinks lets the highest ids finish their task, run their exits and leave', async (t) => {
  const gates = new Gates(t)
  const options: WorkerPoolOptions = { nJobs: 3, workerExit: ({ workerId }) => workerId }
  const watched = await busyPool(watchedPool(t, options), gates, 3)
  let isResized = false
  const resized = watched.pool.resize(1).then(() => (isResized = true))
  const waiting = watched.pool.apply(same, [7])
  t.false(isResized, 'all workers are busy')
  gates.open('gate')
  t.deepEqual((await watched.results).map(({ item }) => item), [0, 1, 2]) // prettier-ignore
  await resized
  t.deepEqual(ids(watched), [0])
  t.is(await waiting, 7)
  const left = watched.exits.map(({ id, exitCode, signal, reason }) => ({ id, exitCode, signal, reason }))
  t.deepEqual(
    left.toSorted((a, b) => a.id - b.id),
    [1, 2].map((id) => ({ id, ...LEFT }))
  )
  t.deepEqual([...watched.pool.getExitResults()].toSorted(), [1, 2])
  await watched.pool.stopAndJoin()
  t.deepEqual([...watched.pool.getExitResults()].toSorted(), [0, 1, 2])
})

test('workers that are still starting are taken back', async (t) => {
  const watched = watchedPool(t, { nJobs: 6 })
  const results = watched.pool.map(same, items(60), { chunkSize: 1 })
  await watched.pool.resize(1)
  t.deepEqual(await results, items(60))
  await watched.pool.map(same, items(10), { chunkSize: 1 })
  t.true(ids(watched).every((id) => id === 0))
  t.true(watched.exits.every(({ id, reason }) => id > 0 && reason === 'resize'))
})

test('every call gives its exact results while the pool is resized all the time', async (t) => {
  const watched = watchedPool(t, { nJobs: 2 })
  const { pool } = watched
  const over = new AbortController()
  const resizing = (async () => {
    for (let turn = 0; !over.signal.aborted; turn++) await pool.resize([1, 4, 2, 3, 1][turn % 5] ?? 1)
  })()
  const input = items(3_000)
  const each = async (results: AsyncIterable<number>): Promise<number[]> => {
    const got: number[] = []
    for await (const result of results) got.push(result)
    return got
  }
  const [mapped, unordered, iterated, settled, applied, ordered] = await Promise.all([
    pool.map(same, input),
    pool.mapUnordered(same, input, { chunkSize: 7 }),
    each(pool.imap(same, input.slice(0, 500), { chunkSize: 3 })),
    pool.mapSettled((item: number) => { if (item % 2 === 1) throw new Error('odd'); return item }, input.slice(0, 300)), // prettier-ignore
    Promise.all(input.slice(0, 100).map((item) => pool.apply(same, [item]))),
    pool.map(same, input.slice(0, 200), { orderTasks: true, chunkSize: 5 })
  ])
  over.abort()
  await resizing
  t.deepEqual(mapped, input)
  t.deepEqual(unordered.toSorted((a, b) => a - b), input) // prettier-ignore
  t.deepEqual(iterated, input.slice(0, 500))
  t.true(settled.every(({ status }, item) => status === (item % 2 === 1 ? 'rejected' : 'fulfilled')))
  t.deepEqual(applied, input.slice(0, 100))
  t.deepEqual(ordered, input.slice(0, 200))
  const { submitted, completed, failed } = pool.stats
  t.deepEqual([submitted, completed, failed], [7_100, 6_950, 150])
})

test('resizes at the same time all end, and the last one counts', async (t) => {
  const watched = watchedPool(t, { nJobs: 2 })
  await watched.pool.warm()
  await Promise.all([4, 1, 3, 1, 2].map((nJobs) => watched.pool.resize(nJobs)))
  await watched.pool.warm()
  t.deepEqual(ids(watched), [0, 1])
})

test('a call with orderTasks keeps its workers, the resize waits for it, and the next call has the new number', async (t) => {
  const gates = new Gates(t)
  const watched = watchedPool(t, { nJobs: 3 })
  const wait = async (gate: string, { workerId }: TaskContext): Promise<number> => {
    const { existsSync } = await import('node:fs')
    while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 5))
    return workerId
  }
  const options = { orderTasks: true, chunkSize: 1, passContext: true } as const
  const first = watched.pool.map(wait, Array.from({ length: 9 }, () => gates.path('first')), options) // prettier-ignore
  const resizes = Promise.all([watched.pool.resize(1), watched.pool.resize(2)])
  const second = watched.pool.imap(workerIdOf, items(40), options)
  // The first step opens the call.
  const step = second.next()
  gates.open('first')
  t.deepEqual(await first, [0, 1, 2, 0, 1, 2, 0, 1, 2])
  await within(resizes, 'the resize waits for a later call')
  t.true(ids(watched).every((id) => id < 2))
  const got = [(await step).value as number]
  for await (const workerId of second) got.push(workerId)
  t.deepEqual(got, items(40).map((item) => item % 2)) // prettier-ignore
})

test('growing under a call with orderTasks leaves its order as it was', async (t) => {
  const watched = watchedPool(t, { nJobs: 1 })
  const options = { orderTasks: true, chunkSize: 1, passContext: true } as const
  const first = watched.pool.map(workerIdOf, items(40), options)
  const grown = watched.pool.resize(3)
  const second = watched.pool.map(workerIdOf, items(9), options)
  t.deepEqual(await first, Array.from({ length: 40 }, () => 0)) // prettier-ignore
  await grown
  t.deepEqual(await second, [0, 1, 2, 0, 1, 2, 0, 1, 2])
})

test('an iterator that is made before a resize and read after it has the new workers', async (t) => {
  const watched = watchedPool(t, { nJobs: 3 })
  const options = { orderTasks: true, chunkSize: 1, passContext: true } as const
  const results = watched.pool.imap(workerIdOf, items(6), options)
  await watched.pool.resize(2)
  const got: number[] = []
  for await (const workerId of results) got.push(workerId)
  t.deepEqual(got, [0, 1, 0, 1, 0, 1])
})

test('the default of maxTasksActive follows in later calls', async (t) => {
  const watched = watchedPool(t, { nJobs: 1 })
  const pulledBy = async (): Promise<number> => {
    let pulled = 0
    function* input(): Generator<number> {
      for (; ; pulled++) yield pulled
    }
    const results = watched.pool.imap(same, input(), { chunkSize: 1 })
    await results.next()
    await results.return?.()
    return pulled
  }
  const before = await pulledBy()
  await watched.pool.resize(4)
  t.is(await pulledBy(), before + 6)
  await watched.pool.resize(1)
  t.is(await pulledBy(), before)
})

const bad: readonly (readonly [unknown, string, string])[] = [
  [0, 'RangeError', 'nJobs: a pool with workers cannot be resized to run tasks in this process, got 0'],
  [-1, 'RangeError', 'nJobs must be an integer from 1 to 1024, got -1'],
  [1025, 'RangeError', 'nJobs must be an integer from 1 to 1024, got 1025'],
  [1.5, 'RangeError', 'nJobs must be an integer from 1 to 1024, got 1.5'],
  [NaN, 'RangeError', 'nJobs must be an integer from 1 to 1024, got NaN'],
  ['2', 'TypeError', "nJobs must be an integer from 1 to 1024, got '2'"],
  [undefined, 'TypeError', 'nJobs must be an integer from 1 to 1024, got undefined'],
  [null, 'TypeError', 'nJobs must be an integer from 1 to 1024, got null']
]

test('a bad number is refused and changes nothing', async (t) => {
  const watched = watchedPool(t, { nJobs: 2 })
  for (const [nJobs, name, message] of bad) {
    const error = await t.throwsAsync(watched.pool.resize(nJobs as number), { name, message })
    t.is(Reflect.get(error, 'code'), 'ERR_POOL_INVALID_OPTION')
    t.true(error.stack?.includes('resizing.spec'), error.stack)
  }
  await t.throwsAsync(watched.pool.resize(2, { cpuId: [0] } as object), { message: /did you mean 'cpuIds'/ })
  await watched.pool.warm()
  t.deepEqual(ids(watched), [0, 1])
})

test('a pool without workers cannot be resized', async (t) => {
  const pool = new WorkerPool({ nJobs: 0 })
  const message = /^nJobs: a pool with nJobs: 0 runs tasks in this process, and cannot be resized, got 2$/
  await t.throwsAsync(pool.resize(2), { name: 'RangeError', code: 'ERR_POOL_INVALID_OPTION', message })
  t.is(await pool.apply(same, [3]), 3)
  await pool.stopAndJoin()
})

test('a pool that closes or is closed is not resized', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  await pool.warm()
  const joined = pool.stopAndJoin()
  await t.throwsAsync(pool.resize(3), { instanceOf: PoolClosedError })
  await joined
  await t.throwsAsync(pool.resize(3), { instanceOf: PoolClosedError })
})

for (const how of ['terminate', 'stopAndJoin'] as const) {
  test(`a resize that waits for workers ends with the pool (${how})`, async (t) => {
    const gates = new Gates(t)
    const watched = await busyPool(watchedPool(t, { nJobs: 2 }), gates, 2)
    const ordered = watched.pool.map(same, items(4), { orderTasks: true })
    const resized = watched.pool.resize(1)
    const ended = watched.pool[how]()
    if (how === 'terminate') await t.throwsAsync(Promise.all([watched.results, ordered]))
    else {
      gates.open('gate')
      t.deepEqual(await ordered, items(4))
    }
    await within(resized, 'the resize does not end')
    await ended
    if (how === 'terminate') await t.throwsAsync(watched.results)
    t.deepEqual(ids(watched), [])
  })
}

test('a worker that is killed while it is to leave is not replaced', async (t) => {
  const gates = new Gates(t)
  const watched = await busyPool(watchedPool(t, { nJobs: 2 }), gates, 2)
  const caught = watched.results.catch((error: unknown) => error)
  const victim = watched.pool.workers.find(({ id }) => id === 1)?.pid ?? 0
  t.true(victim > 0)
  const resized = watched.pool.resize(1)
  process.kill(victim, 'SIGKILL')
  await gone([victim])
  await within(resized, 'the resize does not end')
  gates.open('gate')
  t.true((await caught) instanceof Error)
  t.deepEqual(await watched.pool.map(same, items(20), { chunkSize: 1 }), items(20))
  t.deepEqual(ids(watched), [0])
})

test('an exit that hangs is told by the event, and the resize ends', async (t) => {
  const watched = watchedPool(t, {
    nJobs: 2,
    workerExit: ({ workerId }) => (workerId === 1 ? new Promise(() => undefined) : 'left'),
    workerExitTimeout: 50
  })
  const errors: Error[] = []
  watched.pool.on('error', (error) => errors.push(error))
  await watched.pool.warm()
  await watched.pool.resize(1)
  t.deepEqual(ids(watched), [0])
  t.deepEqual(errors.map((error) => Reflect.get(error, 'code')), ['ERR_POOL_WORKER_EXIT']) // prettier-ignore
})

test('new workers are set up as the first ones, and an id that comes back has a new state', async (t) => {
  const watched = watchedPool(t, {
    nJobs: 1,
    sharedObjects: { word: 'shared' },
    workerInit: ({ state, workerId }) => {
      state['made'] = workerId
      state['tasks'] = 0
    }
  })
  const look = (_item: number, { state, shared, workerId }: TaskContext<{ word: string }>): unknown => {
    state['tasks'] = (state['tasks'] as number) + 1
    return [workerId, state['made'], state['tasks'], shared.word]
  }
  const options = { orderTasks: true, chunkSize: 1, passContext: true } as const
  const run = async (length: number): Promise<unknown[]> =>
    await watched.pool.map(look as never, items(length), options)
  await watched.pool.resize(2)
  t.deepEqual(await run(2), [[0, 0, 1, 'shared'], [1, 1, 1, 'shared']]) // prettier-ignore
  await watched.pool.resize(1)
  await watched.pool.resize(2)
  t.deepEqual(await run(2), [[0, 0, 2, 'shared'], [1, 1, 1, 'shared']]) // prettier-ignore
})

test('with idleTimeout, idle workers leave, and resizing starts none', async (t) => {
  const watched = watchedPool(t, { nJobs: 2, idleTimeout: 1 })
  await watched.pool.warm()
  await watched.pool.resize(4)
  await until(
    () => watched.exits.length === 2,
    () => 'no worker is idle'
  )
  await watched.pool.resize(1)
  t.deepEqual(await watched.pool.map(same, items(5)), items(5))
  t.true(watched.started.slice(2).every(({ id }) => id === 0))
})

test('a task resizes a pool of its own', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
  const sizes = await pool.apply(jobs.resizeInner)
  t.deepEqual(sizes, [[0], [0, 1, 2], [0, 1]])
})
