import assert from 'node:assert'

import test, { type ExecutionContext } from 'ava'

import { type MapOptions, taskInfo, tasks, TaskTimeoutError, WorkerDiedError, type WorkerPool } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-numbers.mjs'
import { testBoth } from './helpers/both.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'

// Chunks of numbers travel as blocks, and run in a loop of their own. Whatever else a task or a call does must be as without them.
const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-numbers.mjs', import.meta.url))

const range = (length: number): number[] => Array.from({ length }, (_, at) => at)

const ODD = [
  0,
  -0,
  1,
  -1,
  NaN,
  Infinity,
  -Infinity,
  0.5,
  2 ** 31,
  2 ** 31 - 1,
  -(2 ** 31),
  -(2 ** 31) - 1,
  2 ** 53,
  5e-324
]
const repeated = (count: number): number[] => Array.from({ length: count }, (_, at) => ODD[at % ODD.length] ?? 0)

/** By the rules of `Object.is`, so that -0 is not 0. */
function same(t: ExecutionContext, got: readonly unknown[], wanted: readonly unknown[], label?: string): void {
  assert.deepStrictEqual(got, wanted, label)
  t.pass()
}

type Task = (item: unknown) => unknown
const as = (fn: (...args: never[]) => unknown): Task => fn as Task

/** Every call, and what it gives in the order of the input. */
const METHODS: Readonly<
  Record<string, (pool: WorkerPool, fn: Task, items: Iterable<unknown>, options: MapOptions) => Promise<unknown[]>>
> = {
  map: (pool, fn, items, options) => pool.map(fn, items, options),
  async mapUnordered(pool, fn, items, options) {
    const results: unknown[] = []
    for (const { index, value } of await pool.mapUnordered(fn, items, { ...options, withIndex: true }))
      results[index] = value
    return results
  },
  async mapSettled(pool, fn, items, options) {
    const settled = await pool.mapSettled(fn, items, options)
    return settled.map((result) => (result.status === 'fulfilled' ? result.value : result.reason))
  },
  async imap(pool, fn, items, options) {
    const results: unknown[] = []
    for await (const result of pool.imap(fn, items, options)) results.push(result)
    return results
  }
}

for (const [method, call] of Object.entries(METHODS)) {
  testBoth(`numbers come back as they were, in chunks of any size: ${method}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const inputs: Readonly<Record<string, readonly number[]>> = {
      integers: range(300),
      'odd numbers': repeated(300),
      'integers, then a double': [...range(99), 0.5, ...range(200)],
      'integers, then -0': [...range(40), -0],
      doubles: range(300).map((value) => value + 0.25)
    }
    for (const [what, items] of Object.entries(inputs)) {
      for (const chunkSize of [undefined, 1, 15, 16, 17, 100, 1000]) {
        const label = `${what}, chunks of ${chunkSize}`
        same(t, await call(pool, as(jobs.same), items, { chunkSize }), items, label)
        // One by one, without a known length.
        same(t, await call(pool, as(jobs.same), items.values(), { chunkSize }), items, label)
      }
    }
  })

  testBoth(`numbers among other items and results: ${method}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const mixed: unknown[] = range(200)
    Object.assign(mixed, { 30: 'x', 31: undefined, 90: null, 91: 1n, 150: { a: 1 }, 199: true })
    const sparse = [...range(100)]
    // oxlint-disable-next-line typescript/no-array-delete
    delete sparse[50]
    for (const chunkSize of [undefined, 16, 64, 200]) {
      same(t, await call(pool, as(jobs.same), mixed, { chunkSize }), mixed)
      same(t, await call(pool, as(jobs.same), sparse, { chunkSize }), Array.from(sparse))
      same(t, await call(pool, as(jobs.mixed), range(200), { chunkSize }), range(200).map(mixedResult))
      same(
        t,
        await call(pool, as(jobs.later), range(200), { chunkSize }),
        range(200).map((value) => value + 1)
      )
      same(t, await call(pool, as(jobs.sometimesLater), range(200), { chunkSize }), range(200))
      same(
        t,
        await call(pool, as(jobs.index), range(200), { chunkSize }),
        range(200).map((value) => value * 1001)
      )
      same(
        t,
        await call(pool, as(jobs.withContext), range(200), { chunkSize, passContext: true as false }),
        range(200).map((value) => value * 1001)
      )
      same(
        t,
        await call(pool, as(jobs.twoArguments), range(99), { chunkSize, spread: true as false }),
        range(99).map((value) => 1000 + value)
      )
      same(
        t,
        await call(pool, as(Math.sqrt), range(99), { chunkSize, passContext: true as false }),
        range(99).map(Math.sqrt)
      )
    }
  })
}

for (const [method, call] of Object.entries(METHODS)) {
  testBoth(`undefined, null and booleans for numbers: ${method}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const constants: readonly unknown[] = range(200).map((value) => [undefined, null, false, true][value % 4])
    for (const chunkSize of [undefined, 16, 64, 200]) {
      const results = (fn: (...args: never[]) => unknown): Promise<unknown[]> =>
        call(pool, as(fn), range(200), { chunkSize })
      same(
        t,
        await results(jobs.isEven),
        range(200).map((value) => value % 2 === 0)
      )
      same(t, await results(jobs.nothing), Array(200).fill(undefined))
      same(t, await results(jobs.constantOrNumber), constants.with(70, 70))
      same(t, await results(jobs.constantOrText), constants.with(70, 'text'))
      same(t, await results(jobs.constantOrPromise), constants.with(70, 70))
    }
  })
}

testBoth('a task that throws among constants', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const error = await t.throwsAsync(pool.map(jobs.constantOrThrow, range(100), { chunkSize: 100 }), {
    instanceOf: RangeError,
    message: 'not 70'
  })
  t.is(taskInfo(error)?.index, 70)
  const settled = await pool.mapSettled(jobs.constantOrThrow, range(100), { chunkSize: 100 })
  t.deepEqual(
    settled.flatMap(({ status }, at) => (status === 'rejected' ? [at] : [])),
    [70]
  )
})

/** What `jobs.mixed` returns. */
function mixedResult(value: number): unknown {
  const kinds = [value, String(value), -0, undefined, value % 2 === 0, null, NaN, BigInt(value), value / 3, { value }]
  return kinds[Math.floor(value / 10) % kinds.length]
}

testBoth('typed arrays are lists of their elements', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const numbers = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]
  for (const numberClass of [...numbers, Float32Array, Float64Array]) {
    const items = numberClass.from([...range(100), -1, -0, 0.5, 2 ** 31, 300])
    for (const chunkSize of [undefined, 50]) same(t, await pool.map(jobs.same, items, { chunkSize }), Array.from(items))
  }
  for (const bigClass of [BigInt64Array, BigUint64Array]) {
    const items = bigClass.from([...range(100).map(BigInt), -1n, 2n ** 63n])
    same(t, await pool.map(jobs.same, items, { chunkSize: 50 }), Array.from(items))
  }
  const shared = new Float64Array(new SharedArrayBuffer(8 * 40)).fill(1.5)
  same(t, await pool.map(jobs.same, shared), Array.from(shared))
})

testBoth('an array is read item by item, once, until the call has ended', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const reads: number[] = []
  const items = range(64)
  for (const at of [20, 30]) {
    const get = (): unknown => {
      reads.push(at)
      return at === 20 ? 20 : 'text'
    }
    Object.defineProperty(items, at, { get })
  }
  const wanted = range(64).map((at) => (at === 30 ? 'text' : at))
  same(t, await pool.map<unknown, unknown>(jobs.same, items, { chunkSize: 64 }), wanted)
  t.deepEqual(reads, [20, 30])

  const thrown = new RangeError('no item')
  const throwing = Object.defineProperty(range(64), 40, {
    get() {
      throw thrown
    }
  })
  t.is(await t.throwsAsync(pool.map(jobs.same, throwing, { chunkSize: 64 })), thrown)

  const controller = new AbortController()
  const readAfterwards: number[] = []
  const aborting = range(64)
  for (const at of [40, 41]) {
    Object.defineProperty(aborting, at, {
      get() {
        if (controller.signal.aborted) readAfterwards.push(at)
        controller.abort(thrown)
        return at
      }
    })
  }
  const { signal } = controller
  t.is(await t.throwsAsync(pool.map(jobs.same, aborting, { chunkSize: 64, signal })), thrown)
  t.deepEqual(readAfterwards, [])
  // A list that shrinks while it is read.
  const shrinking = range(64)
  Object.defineProperty(shrinking, 30, {
    get() {
      shrinking.length = 31
      return 30
    }
  })
  same(t, await pool.map(jobs.same, shrinking, { chunkSize: 64 }), [...range(31), ...Array(33).fill(undefined)])
})

testBoth('a task that throws among numbers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const options of [{ chunkSize: 100 }, { chunkSize: 100, spread: true }]) {
    const error = await t.throwsAsync(pool.map(as(jobs.throwAt), range(100), options as MapOptions), {
      instanceOf: RangeError
    })
    t.is(error.message, 'not 70')
    t.deepEqual([taskInfo(error)?.index, taskInfo(error)?.item], [70, '70'])
  }
  await t.throwsAsync(pool.map(jobs.badThen, range(100), { chunkSize: 100 }), { message: 'no then' })
  const settled = await pool.mapSettled(jobs.throwAt, range(100), { chunkSize: 100 })
  t.deepEqual(
    settled.flatMap(({ status }, at) => (status === 'rejected' ? [at] : [])),
    [70]
  )
})

test('the death of a worker names the task that ran', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const chunkSize of [100, 35]) {
    const error = await t.throwsAsync(pool.map(jobs.killAt70, range(100), { chunkSize }), {
      instanceOf: WorkerDiedError
    })
    t.is(error.index, 70)
    t.is(taskInfo(error)?.item, '70')
  }
  const settled = await pool.mapSettled(jobs.killAt70, range(100), { chunkSize: 100 })
  t.deepEqual(
    settled.flatMap(({ status }, at) => (status === 'rejected' ? [at] : [])),
    [70]
  )
  t.deepEqual(
    settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    range(100).filter((at) => at !== 70)
  )
})

test('tasks run again after a death, and a late task is named', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const file = new Gates(t).path('died')
  const retried = (value: number): unknown => jobs.dieAt70(value, file)
  same(t, await pool.map(retried, range(100), { chunkSize: 100, retries: 1 }), range(100))
  const late = pool.map(jobs.hangAt70, range(100), { chunkSize: 100, taskTimeout: 1_500 })
  const error = await t.throwsAsync(late, { instanceOf: TaskTimeoutError })
  t.deepEqual([error.index, taskInfo(error)?.item], [70, '70'])
  const limits: MapOptions = { chunkSize: 50, taskTimeout: 60_000, retries: 2, workerLifespan: 30 }
  same(t, await pool.map(jobs.same, repeated(200), limits), repeated(200))
})

test('a worker that is told to end within a task sends its result and those before', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  same(t, await pool.map(jobs.retireAt70, range(200), { chunkSize: 200 }), range(200))
  same(t, await pool.map(jobs.retireAt70, [70], { chunkSize: 1 }), [70])
  await pool.stopAndJoin()
  // The second process ran the rest of the first call.
  t.is(exits.length, 2)
})

test('the event loop of a worker runs between the tasks of a chunk', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, maxWorkerMemory: 2 ** 40 })
  same(t, await pool.map(jobs.spin, repeated(400), { chunkSize: 400 }), repeated(400))
})

testBoth('batches of numbers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const chunkSize of [undefined, 1, 20]) {
    const doubled = await pool.map(jobs.sum, repeated(300), { batch: 7, chunkSize })
    same(
      t,
      doubled,
      repeated(300).map((value) => value * 2)
    )
  }
})

testBoth('many results, in the order of the input and in any order', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const items = range(100_000)
  same(t, await pool.map(jobs.same, items), items)
  const doubles = items.map((item) => item + 0.5)
  same(t, await pool.map(jobs.same, Float64Array.from(doubles)), doubles)
  same(
    t,
    (await pool.mapUnordered(jobs.same, items)).map(Number).toSorted((a, b) => a - b),
    items
  )
  same(t, await pool.map(jobs.same, items, { iterableLength: 1000 }), range(1000))
  same(t, await pool.map(jobs.same, []), [])
})
