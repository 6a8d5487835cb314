import test, { type ExecutionContext } from 'ava'

import { type MapOptions, tasks, WorkerDiedError, type WorkerPool } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-splitting.mjs'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-splitting.mjs', import.meta.url))

type Item = Parameters<typeof Jobs.work>[0]
type Work = typeof jobs.work

const COUNT = 12
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Every call that has chunks; what it gives, in the order in which it does. */
const METHODS: Readonly<
  Record<string, (pool: WorkerPool, fn: Work, items: readonly Item[], options: MapOptions) => Promise<unknown[]>>
> = {
  map: (pool, fn, items, options) => pool.map(fn, items, options),
  mapUnordered: (pool, fn, items, options) => pool.mapUnordered(fn, items, options),
  async mapSettled(pool, fn, items, options) {
    const settled = await pool.mapSettled(fn, items, options)
    return settled.map((result) => (result.status === 'fulfilled' ? result.value : result.reason))
  },
  imap: (pool, fn, items, options) => drain(pool.imap(fn, items, options)),
  imapUnordered: (pool, fn, items, options) => drain(pool.imapUnordered(fn, items, options))
}

async function drain(results: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const result of results) all.push(result)
  return all
}

/** A pool of two idle workers, and the items of a call of one chunk. */
async function setUp(t: ExecutionContext, first: Partial<Item> = { waits: true }) {
  const { pool } = watchedPool(t, { nJobs: 2 })
  await pool.map(Math.sqrt, numbers(2), { chunkSize: 1, orderTasks: true })
  const gates = new Gates(t)
  const file = gates.path('begun')
  const items: Item[] = numbers(COUNT).map((number) => ({ file, number }))
  items[0] = { file, number: 0, ...first }
  const begun = (): { number: number; pid: string }[] =>
    gates.lines('begun').map((line) => ({ number: parseInt(line), pid: line.split(' ')[1] ?? '' }))
  return { pool, gates, items, begun }
}

const VARIANTS: Readonly<Record<string, MapOptions>> = {
  chunkSize: { chunkSize: COUNT },
  'one split': { nSplits: 1 },
  limits: { chunkSize: COUNT, taskTimeout: 60_000, retries: 2, killGrace: 50 },
  'a lifespan': { chunkSize: COUNT, workerLifespan: COUNT + 1 }
}

for (const [method, call] of Object.entries(METHODS)) {
  test(`an idle worker takes tasks out of a running chunk: ${method}`, async (t) => {
    for (const [variant, options] of Object.entries(VARIANTS)) {
      for (const name of ['work', 'workLater'] as const) {
        const what = `${variant}, ${name}`
        const { pool, items, begun } = await setUp(t)
        const results = await within(call(pool, jobs[name], items, options), `${what}: a task waits for another worker`)
        const inOrder = (all: readonly unknown[]): unknown[] => all.map(Number).toSorted((a, b) => a - b)
        t.deepEqual(method.endsWith('Unordered') ? inOrder(results) : results, numbers(COUNT), what)
        t.deepEqual(inOrder(begun().map(({ number }) => number)), numbers(COUNT), `${what}: each runs once`)
        t.is(new Set(begun().map(({ pid }) => pid)).size, 2, what)
        await pool.terminate()
      }
    }
  })
}

for (const method of ['map', 'mapUnordered', 'mapSettled', 'imap', 'imapUnordered']) {
  test(`slow tasks behind many fast ones do not stay on one worker: ${method}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    await pool.map(
      jobs.work,
      numbers(2).map(() => ({ file: '/dev/null', number: 0 })),
      { chunkSize: 1, orderTasks: true }
    )
    const file = new Gates(t).path('begun')
    const fast = numbers(3_000).map((number) => ({ file: '/dev/null', number }))
    const slow = numbers(8).map((number) => ({ file, number: fast.length + number, waits: true }))
    const call = METHODS[method]
    const results = await within(
      call?.(pool, jobs.work, [...fast, ...slow], {}) ?? Promise.reject(new Error(method)),
      'slow tasks'
    )
    t.is(results.length, fast.length + slow.length)
  })
}

test('several workers share what is left of one chunk, and split it again', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 4 })
  await pool.map(Math.sqrt, numbers(4), { chunkSize: 1, orderTasks: true })
  const gates = new Gates(t)
  const items = numbers(40).map((number) => ({ file: gates.path('begun'), number, leave: gates.path('go') }))
  const call = pool.map(jobs.work, items, { chunkSize: 40 })
  // All four wait in a task of it, which began as one chunk.
  await until(
    () => gates.lines('begun').length === 4,
    () => `${gates.lines('begun').length} workers have begun a task`
  )
  gates.open('go')
  t.deepEqual(await within(call, 'the call'), numbers(40))
})

test('a chunk of a call with orderTasks is not split', async (t) => {
  const { pool, items, gates, begun } = await setUp(t, {})
  const held = items.map((item) => ({ ...item, leave: gates.path('go') }))
  const ordered = pool.map(jobs.workLater, held, { chunkSize: COUNT, orderTasks: true })
  await until(
    () => begun().length === 1,
    () => 'the first task does not begin'
  )
  // The other worker is idle all the while; it runs what is for it.
  for (let at = 0; at < 20; at++) await pool.apply(jobs.workLater, [{ file: '/dev/null', number: at }])
  gates.open('go')
  await within(ordered, 'the ordered call')
  t.is(new Set(begun().map(({ pid }) => pid)).size, 1)
})

test('the death of a worker with a split chunk costs its running task alone', async (t) => {
  const { pool, items } = await setUp(t, { waits: true, ending: 'die' })
  const settled = await within(pool.mapSettled(jobs.work, items, { chunkSize: COUNT }), 'the call')
  const [first, ...others] = settled
  t.true(first?.status === 'rejected' && first.reason instanceof WorkerDiedError && first.reason.index === 0)
  t.deepEqual(
    others,
    numbers(COUNT)
      .slice(1)
      .map((value) => ({ status: 'fulfilled', value }))
  )
})

test('the death of the worker that took the rest costs its running task alone', async (t) => {
  const { pool, items, gates } = await setUp(t, { waits: true })
  const victim = items.findIndex(({ number }) => number === 1)
  items[victim] = { file: gates.path('begun'), number: 1, ending: 'die' }
  const settled = await within(pool.mapSettled(jobs.work, items, { chunkSize: COUNT }), 'the call')
  t.deepEqual(
    settled.flatMap(({ status }, at) => (status === 'rejected' ? [at] : [])),
    [1]
  )
})

test('a task that dies in a split chunk runs again if retries allow it', async (t) => {
  const { pool, items, begun } = await setUp(t, { waits: true, ending: 'die once' })
  const results = await within(pool.map(jobs.work, items, { chunkSize: COUNT, retries: 1 }), 'the call')
  t.deepEqual(results, numbers(COUNT))
  t.is(begun().filter(({ number }) => number === 0).length, 2)
  t.is(begun().length, COUNT + 1)
})

test('a failure in a split chunk fails the call, and the pool still works', async (t) => {
  for (const method of ['map', 'mapUnordered', 'imap', 'imapUnordered']) {
    const { pool, items } = await setUp(t, { waits: true, ending: 'throw' })
    const call = METHODS[method]?.(pool, jobs.work, items, { chunkSize: COUNT })
    await t.throwsAsync(within(call ?? Promise.resolve([]), method), { instanceOf: RangeError, message: 'thrown by 0' })
    t.deepEqual(await within(pool.map(Math.sqrt, [4, 9]), 'the next call'), [2, 3])
  }
})

test('a task that is late in a split chunk is rejected alone', async (t) => {
  const { pool, items, gates } = await setUp(t, { leave: '/nowhere' })
  const options = { chunkSize: COUNT, taskTimeout: 1_500 }
  const settled = await within(pool.mapSettled(jobs.work, items, options), 'the call')
  t.deepEqual(
    settled.map(({ status }) => status),
    numbers(COUNT).map((number) => (number === 0 ? 'rejected' : 'fulfilled'))
  )
  t.is(gates.lines('begun').length, COUNT)
})

for (const killGrace of [0, 50]) {
  test(`an abort takes all pieces of a split chunk: killGrace ${killGrace}`, async (t) => {
    const { pool, items, gates, begun } = await setUp(t, { leave: '/nowhere' })
    const held = items.map((item) => ({ ...item, leave: '/nowhere' }))
    const controller = new AbortController()
    const { signal } = controller
    const call = pool.map(jobs.work, held, { chunkSize: COUNT, signal, killGrace })
    const rejection = t.throwsAsync(within(call, 'the call'), { message: 'enough' })
    await until(
      () => begun().length === 2,
      () => 'the chunk is not split'
    )
    controller.abort(new Error('enough'))
    await rejection
    t.deepEqual(await within(pool.map(Math.sqrt, [4, 9]), 'the next call'), [2, 3])
    t.is(gates.lines('begun').length, 2)
  })
}

test('recycling and stopAndJoin while a chunk is split lose nothing', async (t) => {
  const { pool, items, gates, begun } = await setUp(t, {})
  const held = items.map((item) => ({ ...item, leave: gates.path('go') }))
  const call = pool.map(jobs.workLater, held, { chunkSize: COUNT })
  await until(
    () => begun().length === 2,
    () => 'the chunk is not split'
  )
  const { submitted, completed, failed, cancelled, running, queued } = pool.stats
  t.is(submitted, completed + failed + cancelled + running + queued)
  t.is(running, 2)
  const recycled = pool.recycle()
  gates.open('go')
  const closed = pool.stopAndJoin()
  t.deepEqual(await within(call, 'the call'), numbers(COUNT))
  await within(Promise.all([recycled, closed]), 'recycle and stopAndJoin')
  t.is(begun().length, COUNT)
})
