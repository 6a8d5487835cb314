import { getEventListeners } from 'node:events'
import { Readable } from 'node:stream'

import test from 'ava'

import { tasks } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-map.mjs'
import { testBoth } from './helpers/both.js'
import { Counter } from './helpers/counter.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { randomNumbers } from './helpers/random.js'
import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-map.mjs', import.meta.url))

const double = (x: number): number => x * 2
const DONE = { done: true, value: undefined } as const

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const result of results) list.push(result)
  return list
}

class AsyncCounter implements AsyncIterable<number> {
  pulled = 0
  returns = 0

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      for (;;) yield this.pulled++
    } finally {
      this.returns++
    }
  }
}

testBoth('imap yields in the order of the input, however long the tasks take', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 4 })
  const random = randomNumbers(77)
  const items = Array.from({ length: 150 }, (_, value) => ({ value, ms: Math.floor(random() * 6) }))
  const values = items.map(({ value }) => value)
  t.deepEqual(await collect(pool.imap(jobs.late, items)), values)
  t.deepEqual(await collect(pool.imap(jobs.late, items.values(), { chunkSize: 5 })), values)
  t.deepEqual(await collect(pool.imap(jobs.late, Readable.from(items), { maxTasksActive: 3 })), values)
})

test('imapUnordered yields in the order of completion', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  const items = [{ leave: gates.path('go'), value: 'slow' }, { value: 'a' }, { value: 'b' }, { value: 'c' }]
  const seen: unknown[] = []
  for await (const value of pool.imapUnordered(jobs.pass, items, { chunkSize: 1 })) {
    seen.push(value)
    if (seen.length === 3) gates.open('go')
  }
  t.deepEqual(seen, ['a', 'b', 'c', 'slow'])
})

testBoth('an empty input ends at once', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const items of [[], new Set<number>(), Readable.from([])] as Iterable<number>[]) {
    t.deepEqual(await collect(pool.imap(double, items)), [])
    t.deepEqual(await pool.imapUnordered(double, items).next(), DONE)
  }
  t.is(pool.workers.length, 0)
})

testBoth('imap checks at the call and runs nothing before the first next()', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.throws(() => pool.imap(double, 5 as never), { code: 'ERR_POOL_INVALID_OPTION' })
  t.throws(() => pool.imapUnordered(double, [1], { chunkSize: 0 }), { code: 'ERR_POOL_INVALID_OPTION' })
  const input = new Counter()
  const results = pool.imap(double, input)
  await new Promise((resolve) => setImmediate(resolve))
  t.is(input.pulled, 0)
  t.is(pool.workers.length, 0)
  t.is(pool.stats.submitted, 0)
  t.deepEqual(await results.next(), { done: false, value: 0 })
})

testBoth('an iterator that ends before its first next() does not count as an open call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const controller = new AbortController()
  const input = new Counter()
  for (const end of ['return', 'throw'] as const) {
    const results = pool.imap(double, input, { signal: controller.signal })
    await results[end]?.(new Error('mine')).catch((error: Error) => t.is(error.message, 'mine'))
    t.deepEqual(await results.next(), DONE)
    t.deepEqual(await results.next(), DONE)
  }
  t.is(input.pulled, 0)
  t.is(getEventListeners(controller.signal, 'abort').length, 0)
  await within(pool.stopAndJoin(), 'stopAndJoin waits for an iterator that has ended')
})

testBoth('break, return() and throw() drop what is queued and end the input', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const input = new Counter()
  for await (const result of pool.imap(double, input)) {
    if (result === 20) break
  }
  t.is(input.returns, 1)
  const returned = pool.imapUnordered(double, input, { chunkSize: 3 })
  await returned.next()
  t.deepEqual(await returned.return?.('mine' as never), { done: true, value: 'mine' as never })
  t.is(input.returns, 2)
  t.deepEqual(await returned.next(), DONE)
  const thrown = pool.imap(double, input)
  await thrown.next()
  await t.throwsAsync(thrown.throw?.(new RangeError('out')) ?? Promise.resolve(), { message: 'out' })
  t.is(input.returns, 3)
  t.deepEqual(await thrown.next(), DONE)

  const later = new AsyncCounter()
  for await (const _ of pool.imap(double, later)) break
  await until(
    () => later.returns === 1,
    () => 'the asynchronous input is not told to return'
  )
  t.deepEqual(await pool.map(double, [1]), [2])
  await until(
    () => pool.stats.running + pool.stats.queued === 0,
    () => 'dropped tasks stay'
  )
})

testBoth('return() settles pending next() calls', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const results = pool.imap(jobs.pass, [{ enter: gates.path('in'), leave: gates.path('out'), value: 1 }])
  const waiting = [results.next(), results.next()]
  await gates.passed('in')
  await results.return?.()
  t.deepEqual(await Promise.all(waiting), [DONE, DONE])
  gates.open('out')
  t.deepEqual(await pool.apply(double, [4]), 8)
})

testBoth('return() is called on an input that ends its own call while it runs', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  let returns = 0
  const call: { results?: AsyncIterableIterator<number> } = {}
  const input = function* (): Generator<number> {
    try {
      yield 1
      void call.results?.return?.()
      yield 2
      t.fail('pulled after the end')
    } finally {
      returns++
    }
  }
  call.results = pool.imap(double, input())
  t.deepEqual(await collect(call.results), [])
  t.is(returns, 1)
  await within(pool.stopAndJoin(), 'a call stays open')
})

testBoth('next() may be called many times at once', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const results = pool.imap(
    double,
    (function* () {
      yield* [1, 2, 3, 4, 5]
    })(),
    { chunkSize: 2 }
  )
  const steps = await Promise.all(Array.from({ length: 8 }, () => results.next()))
  t.deepEqual(
    steps.map((step) => (step.done === true ? 'done' : step.value)),
    [2, 4, 6, 8, 10, 'done', 'done', 'done']
  )
})

testBoth('a slow consumer stops the producer at maxTasksActive', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const makeInput of [() => new Counter(), () => new AsyncCounter()]) {
    for (const [options, limit] of [
      [{ chunkSize: 3 }, 12],
      [{ chunkSize: 1 }, 4],
      [{ maxTasksActive: 5, chunkSize: 2 }, 5],
      [{ maxTasksActive: 7 }, 7],
      [{ maxTasksActive: 3, chunkSize: 100 }, 3]
    ] as const) {
      const input = makeInput()
      const results = pool.imap(double, input, options)
      let highest = 0
      for (let taken = 1; taken <= 40; taken++) {
        t.deepEqual(await results.next(), { done: false, value: (taken - 1) * 2 })
        // Everything that is active settles; still nothing beyond the limit is pulled.
        await until(
          () => pool.stats.running + pool.stats.queued === 0,
          () => 'tasks stay'
        )
        await new Promise((resolve) => setImmediate(resolve))
        highest = Math.max(highest, input.pulled - taken)
      }
      t.true(highest <= limit && highest > 0, `${highest} of ${limit} with ${JSON.stringify(options)}`)
      await results.return?.()
    }
  }
})

test('a slow first task does not let the reorder buffer grow past maxTasksActive', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  let pulled = 0
  const input = function* (): Generator<{ leave?: string; value: number }> {
    for (; ; pulled++) yield pulled === 0 ? { leave: gates.path('go'), value: 0 } : { value: pulled }
  }
  const results = pool.imap(jobs.pass, input(), { maxTasksActive: 20, chunkSize: 2 })
  const first = results.next()
  // All but the first one: the other item of its chunk goes to the idle worker.
  await until(
    () => pool.stats.completed === 19,
    () => `${pool.stats.completed} tasks are done`
  )
  t.true(pulled <= 20)
  gates.open('go')
  t.deepEqual(await first, { done: false, value: 0 })
  for (let value = 1; value < 100; value++) t.deepEqual(await results.next(), { done: false, value })
  t.true(pulled <= 120)
})

testBoth('imap yields up to the failing index, then throws, then has ended', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const fail = (x: number): number => {
    if (x === 9) throw new RangeError('nine')
    return x
  }
  for (const options of [{}, { chunkSize: 1 }, { chunkSize: 4 }, { chunkSize: 100, maxTasksActive: 200 }]) {
    const input = new Counter()
    const results = pool.imap(fail, input, options)
    for (let value = 0; value < 9; value++) t.deepEqual(await results.next(), { done: false, value })
    await t.throwsAsync(results.next(), { name: 'RangeError', message: 'nine' })
    t.deepEqual(await results.next(), DONE)
    t.is(input.returns, 1)
  }
  t.deepEqual(await pool.map(double, [3]), [6])
})

test('of two failures imap throws the one that comes first in the input', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  const items = [
    { value: 0, leave: gates.path('go'), message: 'first in order' },
    { value: 1, enter: gates.path('go'), message: 'first in time' }
  ]
  const results = pool.imap(jobs.passOrFail, items, { chunkSize: 1 })
  await t.throwsAsync(results.next(), { message: 'first in order' })
  t.deepEqual(await results.next(), DONE)
})

testBoth('imapUnordered yields the results before the failure, then throws', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const fail = (x: number): number => {
    if (x === 3) throw new RangeError('three')
    return x
  }
  const results = pool.imapUnordered(fail, new Counter(), { chunkSize: 1 })
  for (let value = 0; value < 3; value++) t.deepEqual(await results.next(), { done: false, value })
  await t.throwsAsync(results.next(), { message: 'three' })
  t.deepEqual(await results.next(), DONE)
})

testBoth('an input that throws ends the iterator with its error', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const error = new Error('broken input')
  const input = function* (): Generator<number> {
    yield* [1, 2]
    throw error
  }
  const later = async function* (): AsyncGenerator<number> {
    yield* input()
  }
  for (const items of [input(), later()]) t.is(await t.throwsAsync(collect(pool.imap(double, items))), error)
  t.deepEqual(await collect(pool.imap(double, [1])), [2])
})

testBoth('items of a slow asynchronous input do not wait for a chunk to fill', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  let more: (() => void) | undefined
  const input = async function* (): AsyncGenerator<number> {
    for (let i = 0; ; i++) {
      yield i
      // Enough fast tasks to let the chunk grow, then one at a time.
      if (i >= 2_000) await new Promise<void>((resolve) => (more = resolve))
    }
  }
  const results = pool.imap(double, input())
  for (let i = 0; i < 2_010; i++) {
    t.deepEqual(await within(results.next(), `result ${i}`), { done: false, value: i * 2 })
    if (i >= 2_000) {
      await until(
        () => more !== undefined,
        () => 'the input is not asked'
      )
      more?.()
      more = undefined
    }
  }
  await results.return?.()
})

testBoth('iterators can be disposed of and iterate over themselves', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const input = new Counter()
  const results = pool.imap(double, input)
  t.is(results[Symbol.asyncIterator](), results)
  await results.next()
  await (results as unknown as AsyncDisposable)[Symbol.asyncDispose]?.()
  t.is(input.returns, 1)
})

testBoth('a forgotten iterator does not keep the process alive; an awaited one does', async (t) => {
  const { code, signal, lines, stderr } = await run(t, 'forgotten-iterator.mjs').end
  t.deepEqual({ code, signal, lines, stderr }, { code: 0, signal: null, lines: ['0', '1', '2'], stderr: '' })
})
