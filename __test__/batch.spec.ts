import { existsSync, writeFileSync } from 'node:fs'

import test from 'ava'

import { BatchResultError, NotSerializableError, PoolError, TaskTimeoutError, WorkerDiedError } from '../dist/index.js'
import { testBoth } from './helpers/both.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const LISTS = ['map', 'mapUnordered', 'mapSettled'] as const
const ITERATORS = ['imap', 'imapUnordered', 'imapSettled', 'imapSettledUnordered'] as const

type Loose<R> = (fn: unknown, items: unknown, options: unknown) => R

const numbers = Array.from({ length: 103 }, (_, i) => i)
const double = (batch: readonly number[]): number[] => batch.map((x) => x * 2)
const sizes = (batch: readonly unknown[]): number[] => batch.map(() => batch.length)

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const result of results) list.push(result)
  return list
}

function* generated(): Generator<number> {
  yield* numbers
}

async function* generatedLater(): AsyncGenerator<number> {
  yield* numbers
}

function valueOf(result: unknown): unknown {
  return typeof result === 'object' && result !== null && 'value' in result ? result.value : result
}

testBoth('with batch the function receives arrays of up to n items, and each item has its own result', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const expected = numbers.map((x) => x * 2)
  for (const makeItems of [() => numbers, () => new Set(numbers), generated, generatedLater]) {
    for (const options of [{ batch: 10 }, { batch: 1 }, { batch: 1_000 }, { batch: 4, chunkSize: 3 }]) {
      for (const method of LISTS) {
        const results = await (pool[method] as Loose<Promise<unknown[]>>).call(pool, double, makeItems(), options)
        const values = results.map(valueOf) as number[]
        t.deepEqual(method === 'mapUnordered' ? values.toSorted((a, b) => a - b) : values, expected, method)
      }
      for (const method of ITERATORS) {
        const iterate = pool[method] as Loose<AsyncIterable<unknown>>
        const results = await collect(iterate.call(pool, double, makeItems(), options))
        const values = results.map(valueOf) as number[]
        t.deepEqual(method.endsWith('Unordered') ? values.toSorted((a, b) => a - b) : values, expected, method)
      }
    }
  }
  t.deepEqual(await pool.map(sizes, numbers, { batch: 50 }), numbers.map((i) => (i < 100 ? 50 : 3))) // prettier-ignore
  t.deepEqual(await pool.map(double, [], { batch: 50 }), [])
  t.deepEqual(await pool.map(async (batch: readonly number[]) => double(batch), [1, 2, 3], { batch: 2 }), [2, 4, 6])
})

testBoth('a batch is one task for chunkSize, stats and context.index', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const index = (batch: readonly number[], context: { index: number }): number[] => batch.map(() => context.index)
  const results = await pool.map(index as never, numbers, { batch: 10, chunkSize: 4, passContext: true })
  t.deepEqual(results as unknown, numbers.map((i) => i - (i % 10))) // prettier-ignore
  t.like(pool.stats, { submitted: 11, completed: 11 })
})

testBoth('maxTasksActive and iterableLength count items', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const [batch, largest] of [
    [4, 4],
    [100, 10]
  ] as const) {
    let pulled = 0
    const input = (function* () {
      for (;;) yield pulled++
    })()
    const results = pool.imap(sizes, input, { batch, maxTasksActive: 10 })
    for (let taken = 1; taken <= 60; taken++) {
      const { value } = await within(results.next(), 'a result')
      t.true((value ?? 0) <= largest)
      await until(
        () => pool.stats.running + pool.stats.queued === 0,
        () => 'tasks stay'
      )
      t.true(pulled - taken <= 10, `${pulled} pulled, ${taken} taken`)
    }
    await results.return?.()
  }
  t.deepEqual(await pool.map(double, generated(), { batch: 4, iterableLength: 6 }), [0, 2, 4, 6, 8, 10])
})

testBoth('a result that is not an array of that length rejects with ERR_POOL_BATCH_RESULT', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const wrong = {
    'an array of 1': () => [1],
    'an array of 4': () => [1, 2, 3, 4],
    object: () => ({ length: 3 }),
    undefined: () => undefined,
    null: async () => null
  }
  for (const [got, fn] of Object.entries(wrong)) {
    const error = await t.throwsAsync(pool.map(fn as never, [1, 2, 3], { batch: 3 }), {
      instanceOf: BatchResultError,
      code: 'ERR_POOL_BATCH_RESULT',
      message: `the function must return an array of 3 results for its batch, got ${got}`
    })
    t.true(error instanceof PoolError)
    t.is((error as BatchResultError).expected, 3)
  }
  t.is(pool.stats.failed, 5)
  t.deepEqual(await pool.map(double, [1], { batch: 2 }), [2])
})

test('a failing batch rejects each of its items with the same error', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const misbehave = (batch: readonly unknown[]): unknown[] => {
    if (batch.includes('throw')) throw new RangeError('thrown')
    if (batch.includes('exit')) process.exit(3)
    if (batch.includes('spin')) for (;;);
    return batch.map((item) => (item === 'function' ? () => 1 : item))
  }
  const items = ['a', 'b', 'throw', 'c', 'd', 'exit', 'spin', 'e', 'f', () => 1, 'function', 'g', 'h', 'i', 'j']
  const options = { batch: 2, taskTimeout: 2_000 }
  const settled = await pool.mapSettled(misbehave, items, options)
  const lazily = await collect(pool.imapSettled(misbehave, items, { ...options, chunkSize: 3 }))
  t.deepEqual(
    lazily.map(({ index }) => index),
    items.map((_, index) => index)
  )
  for (const results of [settled, lazily]) {
    const reasons = results.map((each) => (each.status === 'rejected' ? each.reason : undefined)) as unknown[]
    const failed = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    t.deepEqual([...reasons.entries()].filter(([, reason]) => reason !== undefined).map(([i]) => i), failed) // prettier-ignore
    for (const i of [2, 4, 6, 8, 10]) t.is(reasons[i], reasons[i + 1])
    const [thrown, death, late, item, result] = [2, 4, 6, 8, 10].map((i) => reasons[i])
    t.like(thrown, { name: 'RangeError', message: 'thrown' })
    t.true(death instanceof WorkerDiedError && death.index === 4)
    t.regex((death as Error).message, /task 4: \[ 'd', 'exit' \]/)
    t.true(late instanceof TaskTimeoutError && late.index === 6)
    t.true(item instanceof NotSerializableError && item.path === 'items[9]')
    t.true(result instanceof NotSerializableError && result.path === 'result[0]')
    t.deepEqual(results.slice(12).map(valueOf), ['h', 'i', 'j'])
  }
})

testBoth('imap yields the results before a failing batch, then throws', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const fail = (batch: readonly number[]): readonly number[] => {
    if (batch.includes(9)) throw new RangeError('nine')
    return batch
  }
  const results = pool.imap(fail, numbers, { batch: 4 })
  for (let value = 0; value < 8; value++) t.deepEqual(await results.next(), { done: false, value })
  await t.throwsAsync(results.next(), { message: 'nine' })
  t.true((await results.next()).done)
})

test('retries run the whole batch again', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const died = new Gates(t).path('died')
  const dieOnce = (batch: readonly number[]): number[] => {
    if (batch.includes(3) && !existsSync(died)) {
      writeFileSync(died, '')
      process.exit(1)
    }
    return batch.map((x) => x + 1)
  }
  t.deepEqual(await pool.map(dieOnce, [1, 2, 3, 4, 5], { batch: 2, retries: 1 }), [2, 3, 4, 5, 6])
})

testBoth('batches of a slow asynchronous input are sent before they are full', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const options of [{ batch: 64 }, { batch: 64, chunkSize: 2 }]) {
    let more: (() => void) | undefined
    const input = async function* (): AsyncGenerator<number> {
      for (let i = 0; ; i++) {
        yield i
        await new Promise<void>((resolve) => (more = resolve))
      }
    }
    const results = pool.imap(sizes, input(), options)
    for (let i = 0; i < 5; i++) {
      t.deepEqual(await within(results.next(), `result ${i}`), { done: false, value: 1 })
      await until(
        () => more !== undefined,
        () => 'the input is not asked'
      )
      more?.()
      more = undefined
    }
    await results.return?.()
  }
})

testBoth('batch and spread exclude each other, and apply does not take batch', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const bad = {
    name: 'RangeError',
    code: 'ERR_POOL_INVALID_OPTION',
    message: /batch: it cannot be combined with spread/
  }
  await t.throwsAsync(pool.map(double, [1], { batch: 2, spread: true } as never), bad)
  t.throws(() => watchedPool(t, { batch: 2, spread: true }), bad)
  await t.throwsAsync(pool.apply(double, [[1]], { batch: 2 } as never), { message: /unknown option 'batch'/ })
  for (const batch of [0, -1, 1.5, '2']) {
    await t.throwsAsync(pool.map(double, [1], { batch: batch as never }), { message: /^batch must be an integer/ })
  }
})

testBoth("batch or spread of a call replaces the other as the pool's default", async (t) => {
  const batched = watchedPool(t, { nJobs: 1, batch: 2 }).pool
  t.deepEqual(await batched.map(double as never, [1, 2, 3]), [2, 4, 6] as never)
  const add = (a: number, b: number): number => a + b
  t.deepEqual(await batched.map(add, [[1, 2]], { spread: true }), [3])
  const spread = watchedPool(t, { nJobs: 1, spread: true }).pool
  t.deepEqual(await spread.map(double, [1, 2, 3], { batch: 2 }), [2, 4, 6])
})

testBoth('withIndex gives the index of each result of an unordered call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const expected = numbers.map((index) => ({ index, value: index * 2 }))
  const byIndex = (a: { index: number }, b: { index: number }): number => a.index - b.index
  const one = (x: number): number => x * 2
  t.deepEqual((await pool.mapUnordered(one, numbers, { withIndex: true })).toSorted(byIndex), expected)
  t.deepEqual((await collect(pool.imapUnordered(one, numbers, { withIndex: true }))).toSorted(byIndex), expected)
  const batched = await pool.mapUnordered(double, numbers, { withIndex: true, batch: 7 })
  t.deepEqual(batched.toSorted(byIndex), expected)
  t.deepEqual(await pool.mapUnordered(one, [1], { withIndex: false }), [2])
})
