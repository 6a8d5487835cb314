import { Readable } from 'node:stream'

import test from 'ava'

import { PoolError, tasks } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-map.mjs'
import { testBoth } from './helpers/both.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { randomNumbers } from './helpers/random.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-map.mjs', import.meta.url))

const double = (x: number): number => x * 2
const same = (x: unknown): unknown => x
const never = (async function* () {
  await new Promise(() => undefined)
  yield 0
})()

function* upTo(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i
}

async function* slowlyUpTo(count: number): AsyncGenerator<number> {
  for (const i of upTo(count)) {
    if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
    yield i
  }
}

const numbers = (count: number): number[] => [...upTo(count)]

testBoth('map gives results in the order of the input, however long the tasks take', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 4 })
  const random = randomNumbers(20_251)
  const items = numbers(200).map((value) => ({ value, ms: Math.floor(random() * 6) }))
  for (const options of [{}, { chunkSize: 1 }, { chunkSize: 7 }, { nSplits: 9 }]) {
    t.deepEqual(await pool.map(jobs.late, items, options), numbers(200), JSON.stringify(options))
  }
})

test('mapUnordered gives results in the order of completion', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  const items = [{ leave: gates.path('go'), value: 'first' }, { value: 'second' }]
  const results = pool.mapUnordered(jobs.pass, items, { chunkSize: 1 })
  await until(
    () => pool.stats.completed === 1,
    () => 'the second task does not end'
  )
  gates.open('go')
  t.deepEqual(await results, ['second', 'first'])
  const all = await pool.mapUnordered(double, upTo(5_000))
  t.deepEqual(
    all.toSorted((a, b) => a - b),
    numbers(5_000).map(double)
  )
})

testBoth('mapSettled reports every task, in the order of the input', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const failAtThree = (x: number): number => {
    if (x % 3 === 0) throw new RangeError(`no ${x}`)
    return x
  }
  for (const chunkSize of [1, 4, 100]) {
    const results = await pool.mapSettled(failAtThree, upTo(50), { chunkSize })
    t.is(results.length, 50)
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') t.is(result.value, index)
      else t.like(result.reason, { name: 'RangeError', message: `no ${index}` })
      t.is(result.status === 'rejected', index % 3 === 0)
    }
  }
})

testBoth('every kind of input is accepted', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const both = {
    *[Symbol.iterator](): Generator<string> {
      yield 'sync'
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<string> {
      yield 'async'
    }
  }
  let left = 3
  const bare = { [Symbol.iterator]: () => ({ next: () => ({ done: left === 0, value: left-- }) }) }
  const inputs: readonly (readonly [Iterable<unknown> | AsyncIterable<unknown>, unknown[]])[] = [
    [new BigInt64Array([1n, -2n]), [1n, -2n]],
    [new Float32Array([0.5, -0]), [0.5, -0]],
    [new Uint8ClampedArray([300, 1]), [255, 1]],
    [Buffer.from('az'), [97, 122]],
    [new Set(['a', 'b', 'a']), ['a', 'b']],
    [new Map([['k', 1]]), [['k', 1]]],
    ['aé😀', ['a', 'é', '😀']],
    [upTo(4), [0, 1, 2, 3]],
    [slowlyUpTo(4), [0, 1, 2, 3]],
    [Readable.from(['x', 'y', { z: 1 }]), ['x', 'y', { z: 1 }]],
    [both, ['async']],
    [bare, [3, 2, 1]],
    [Object.assign<unknown[], object>([], { 0: 1, 2: 3 }), [1, undefined, 3]],
    [Object.assign([1, 2], { extra: true }), [1, 2]]
  ]
  for (const [items, expected] of inputs) t.deepEqual(await pool.map(same, items), expected)
})

testBoth('empty inputs give empty results and start no worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const empties = [[], new Uint8Array(0), new Set(), new Map(), '', upTo(0), slowlyUpTo(0), Readable.from([])]
  for (const items of empties) t.deepEqual(await pool.map(same, items), [])
  t.deepEqual(await pool.mapUnordered(same, []), [])
  t.deepEqual(await pool.mapSettled(same, slowlyUpTo(0)), [])
  t.deepEqual(await pool.map(same, upTo(9), { iterableLength: 0 }), [])
  t.deepEqual(await pool.map(same, [], { nSplits: 3 }), [])
  t.is(pool.workers.length, 0)
})

testBoth('an array has its length fixed at the call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const growing = [1, 2, 3]
  const shrinking = [1, 2, 3]
  const options = { maxTasksActive: 1 }
  const results = [pool.map(same, growing, options), pool.map(same, shrinking, options)]
  growing.push(4)
  shrinking.length = 1
  t.deepEqual(await Promise.all(results), [
    [1, 2, 3],
    [1, undefined, undefined]
  ])
})

testBoth('promises among the items are refused with the path to them', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const items = [1, Promise.resolve(2)]
  await t.throwsAsync(pool.map(same, items), { code: 'ERR_POOL_NOT_SERIALIZABLE', message: /items\[1\]/ })
  const [first, second] = await pool.mapSettled(same, items)
  t.deepEqual(first, { status: 'fulfilled', value: 1 })
  t.like(second, { status: 'rejected', reason: { path: 'items[1]' } })
})

testBoth('an input that throws fails the map with its own error, at the start or midway', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const at of [0, 5, 500]) {
    const error = new TypeError('broken input')
    const sync = function* (): Generator<number> {
      yield* upTo(at)
      throw error
    }
    const later = async function* (): AsyncGenerator<number> {
      yield* slowlyUpTo(at)
      throw error
    }
    t.is(await t.throwsAsync(pool.map(double, sync())), error)
    t.is(await t.throwsAsync(pool.mapUnordered(double, later(), { chunkSize: 3 })), error)
    t.is(await t.throwsAsync(pool.mapSettled(double, sync())), error)
  }
  const notOpened = {
    [Symbol.iterator](): never {
      throw new EvalError('no iterator')
    }
  }
  await t.throwsAsync(pool.map(same, notOpened), { name: 'EvalError', message: 'no iterator' })
  t.deepEqual(await pool.map(double, [1]), [2])
})

testBoth('iterators that do not keep to the protocol fail the map with a TypeError', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const bad = [
    { [Symbol.iterator]: () => 5 },
    { [Symbol.iterator]: () => ({}) },
    { [Symbol.iterator]: () => ({ next: () => 1 }) },
    { [Symbol.asyncIterator]: () => null },
    { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve() }) }
  ] as unknown as Iterable<unknown>[]
  for (const items of bad) await t.throwsAsync(pool.map(same, items), { instanceOf: TypeError })
})

test('the first failure in time ends a map: queued tasks are dropped, the input returns, the pool is as good as new', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  let isReturned = false
  const input = function* (): Generator<{ leave?: string; value: number; message?: string }> {
    try {
      yield { leave: gates.path('after'), value: 0, message: 'late' }
      yield { value: 1, message: 'first in time' }
      for (let value = 2; ; value++) yield { value }
    } finally {
      isReturned = true
    }
  }
  const error = await t.throwsAsync(pool.map(jobs.passOrFail, input(), { chunkSize: 1 }))
  t.like(error, { name: 'RangeError', message: 'first in time' })
  t.true(isReturned)
  gates.open('after')
  t.deepEqual(await pool.map(double, numbers(100)), numbers(100).map(double))
  // The task that is late may end after all of these, which the other worker can run alone.
  await until(
    () => pool.stats.running + pool.stats.queued === 0,
    () => JSON.stringify(pool.stats)
  )
  t.is(pool.stats.failed, 2)
})

testBoth('an asynchronous input returns when a map fails', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  let returned: (() => void) | undefined
  const isReturned = new Promise<void>((resolve) => (returned = resolve))
  const input = async function* (): AsyncGenerator<number> {
    try {
      for (let i = 0; ; i++) yield i
    } finally {
      returned?.()
    }
  }
  const fail = (x: number): void => {
    if (x === 3) throw new Error('three')
  }
  await t.throwsAsync(pool.map(fail, input()), { message: 'three' })
  await isReturned
  // One that waits for ever neither holds the failure up nor is waited for.
  const mixed = async function* (): AsyncGenerator<number> {
    yield 3
    yield* never
  }
  await t.throwsAsync(pool.map(fail, mixed()), { message: 'three' })
})

testBoth('an input whose return() throws does not hide why the map failed', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const fail = (): never => {
    throw new RangeError('the task')
  }
  const endless = (end: () => unknown): Iterable<number> => ({
    [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }), return: end as () => IteratorResult<number> })
  })
  const throws = (): never => {
    throw new Error('in return()')
  }
  await t.throwsAsync(pool.map(fail, endless(throws)), { message: 'the task' })
  await t.throwsAsync(
    pool.map(
      fail,
      endless(() => 5)
    ),
    { message: 'the task' }
  )
})

testBoth(
  'iterableLength bounds the items that are pulled, then return() is called; a shorter input ends by itself',
  async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    let pulled = 0
    let returns = 0
    const endless = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: pulled++ }),
        return: () => ({ done: true, value: ++returns })
      })
    }
    t.deepEqual(await pool.map(double, endless, { iterableLength: 10, chunkSize: 4 }), numbers(10).map(double))
    t.deepEqual([pulled, returns], [10, 1])
    t.deepEqual(await pool.map(double, upTo(3), { iterableLength: 10 }), [0, 2, 4])
    t.deepEqual(await pool.map(double, [5, 6, 7], { iterableLength: 2 }), [10, 12])
    t.deepEqual(await pool.map(double, slowlyUpTo(9), { iterableLength: 4, nSplits: 2 }), [0, 2, 4, 6])
    // An asynchronous iterator may answer without a promise.
    let at = 0
    const bare = {
      [Symbol.asyncIterator]: () => ({
        next: () => ({ done: false, value: at++ }),
        return: () => ({ done: true, value: ++returns })
      })
    } as unknown as AsyncIterable<number>
    t.deepEqual(await pool.map(double, bare, { iterableLength: 3 }), [0, 2, 4])
    t.is(returns, 2)
  }
)

testBoth(
  'errors arrive complete, with the stack of the worker and then the line that submitted the task',
  async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const submitHere = (): Promise<unknown> => pool.map(jobs.failRichly, [7])
    const error = (await t.throwsAsync(submitHere(), { instanceOf: TypeError })) as Error & {
      number: number
      nested: unknown
    }
    t.like(error, { name: 'TypeError', message: 'bad number 7', number: 7, nested: { deep: [7] } })
    t.true(error.cause instanceof RangeError)
    const stack = error.stack ?? ''
    const worker = stack.indexOf('jobs-map.mjs')
    const here = stack.indexOf('submitHere')
    t.true(stack.startsWith('TypeError: bad number 7') && worker > 0 && here > worker, stack)
    t.regex(stack.slice(here), /map\.spec/)

    const mine = await t.throwsAsync(pool.apply(jobs.failAsMine), { instanceOf: Error, name: 'MineError' })
    t.is(mine?.message, 'mine')
    t.false(mine instanceof PoolError)
  }
)

testBoth('a thrown value that is no error arrives unchanged', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const kinds = ['undefined', 'null', 'text', 'number', 'object'] as const
  const thrown = [undefined, null, 'a text', -0, { code: 7 }]
  const results = await pool.mapSettled(jobs.throwOther, kinds)
  t.deepEqual(
    results.map((result) => (result.status === 'rejected' ? result.reason : 'fulfilled')),
    thrown
  )
  for (const [index, kind] of kinds.entries()) {
    const reason: unknown = await pool.map(jobs.throwOther, [kind]).then(
      () => 'fulfilled',
      (error: unknown) => error
    )
    t.deepEqual(reason, thrown[index])
  }
})
