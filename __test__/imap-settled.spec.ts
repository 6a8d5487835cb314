import test from 'ava'

import {
  NotSerializableError,
  PoolClosedError,
  PoolTerminatedError,
  type SettledItem,
  tasks,
  TaskTimeoutError,
  WorkerDiedError,
  WorkerStartError
} from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-map.mjs'
import { testBoth } from './helpers/both.js'
import { Counter } from './helpers/counter.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-map.mjs', import.meta.url))

const KINDS = ['imapSettled', 'imapSettledUnordered'] as const
const DONE = { done: true, value: undefined } as const
const oddFails = (x: number): number => {
  if (x % 2 === 1) throw new RangeError(`odd ${x}`)
  return x * 2
}

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const result of results) list.push(result)
  return list
}

function sorted<R>(results: readonly SettledItem<R>[]): SettledItem<R>[] {
  return results.toSorted((one, other) => one.index - other.index)
}

function reasonOf(result: SettledItem<unknown> | undefined): unknown {
  return result?.status === 'rejected' ? result.reason : undefined
}

for (const kind of KINDS) {
  testBoth(`${kind} yields the outcome of each item and goes on after failures`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const items = Array.from({ length: 200 }, (_, i) => i)
    const later = async function* (): AsyncGenerator<number> {
      yield* items
    }
    for (const input of [() => items, () => new Set(items), () => items.values(), later]) {
      for (const options of [{}, { chunkSize: 7 }]) {
        const results = sorted(await collect(pool[kind](oddFails, input(), options)))
        t.deepEqual(
          results.map(({ index, status }) => [index, status]),
          items.map((i) => [i, i % 2 === 1 ? 'rejected' : 'fulfilled'])
        )
        t.deepEqual(results[4], { index: 4, status: 'fulfilled', value: 8 })
        t.like(reasonOf(results[5]), { name: 'RangeError', message: 'odd 5' })
      }
    }
    t.deepEqual(await collect(pool[kind](oddFails, [])), [])
  })

  test(`${kind}: a death, a timeout and an item that cannot be sent each reject their own item alone`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const misbehave = (what: unknown): unknown => {
      if (what === 'exit') process.exit(3)
      if (what === 'spin') for (;;);
      return what === 'function' ? { inner: () => 1 } : what
    }
    const broken = {
      get boom(): never {
        throw new Error('a getter')
      }
    }
    const items = ['a', 'exit', 'b', 'spin', 'c', () => 1, 'd', 'function', broken, 'e']
    const results = sorted(await collect(pool[kind](misbehave, items, { taskTimeout: 2000, chunkSize: 2 })))
    t.deepEqual(
      results.map((each) => each.index),
      items.map((_, index) => index)
    )
    t.deepEqual(
      results.filter((each) => each.status === 'fulfilled').map(({ value }) => value),
      ['a', 'b', 'c', 'd', 'e']
    )
    const [death, late, item, result, getter] = [1, 3, 5, 7, 8].map((index) => reasonOf(results[index]))
    t.true(death instanceof WorkerDiedError && death.index === 1)
    t.true(late instanceof TaskTimeoutError && late.index === 3)
    t.true(item instanceof NotSerializableError && item.path === 'items[5]')
    t.true(result instanceof NotSerializableError && result.path === 'result.inner')
    t.is((getter as Error).message, 'a getter')
  })

  testBoth(`${kind} pulls nothing beyond maxTasksActive, even if no item can be sent`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    for (const toItem of [(i: number): unknown => i, () => () => 1]) {
      const input = new Counter()
      const items = (function* () {
        for (const i of input) yield toItem(i)
      })()
      const results = pool[kind]((x: unknown) => x, items, { maxTasksActive: 6, chunkSize: 2 })
      for (let taken = 1; taken <= 30; taken++) {
        const step = await within(results.next(), 'a result')
        t.is(step.done, false)
        await until(
          () => pool.stats.running + pool.stats.queued === 0,
          () => 'tasks stay'
        )
        t.true(input.pulled - taken <= 6, `${input.pulled} items pulled, ${taken} taken`)
      }
      await results.return?.()
      t.is(input.returns, 1)
    }
  })

  testBoth(`${kind}: an endless input with failures runs in bounded memory`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const input = new Counter()
    let count = 0
    let furthest = 0
    for await (const { index, status } of pool[kind](oddFails, input, { maxTasksActive: 500 })) {
      t.is(status, index % 2 === 1 ? 'rejected' : 'fulfilled')
      furthest = Math.max(furthest, input.pulled - ++count)
      if (count === 20_000) break
    }
    t.true(furthest <= 500, `${furthest}`)
    t.is(input.returns, 1)
  })

  testBoth(`${kind}: next() throws the error of the input, then the iterator has ended`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const error = new Error('broken input')
    const input = function* (): Generator<number> {
      yield* [1, 2]
      throw error
    }
    const later = async function* (): AsyncGenerator<number> {
      yield* input()
    }
    for (const items of [input(), later()]) {
      const results = pool[kind](oddFails, items)
      t.is(await t.throwsAsync(collect(results)), error)
      t.deepEqual(await results.next(), DONE)
    }
  })

  test(`${kind}: next() throws the reason of an abort, and PoolTerminatedError after terminate()`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const gates = new Gates(t)
    const reason = new Error('enough')
    const controller = new AbortController()
    const items = [{ enter: gates.path('in'), leave: gates.path('never'), value: 1 }]
    const aborted = pool[kind](jobs.pass, items, { signal: controller.signal }).next()
    await gates.passed('in')
    controller.abort(reason)
    t.is(await t.throwsAsync(within(aborted, 'the abort')), reason)
    const again = [{ enter: gates.path('again'), leave: gates.path('never'), value: 1 }]
    const terminated = pool[kind](jobs.pass, again).next()
    await gates.passed('again')
    await Promise.all([t.throwsAsync(terminated, { instanceOf: PoolTerminatedError }), pool.terminate()])
  })

  testBoth(`${kind}: return() ends the input and drops what is queued`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const input = new Counter()
    const results = pool[kind](oddFails, input)
    await results.next()
    t.deepEqual(await results.return?.(), DONE)
    t.deepEqual(await results.next(), DONE)
    t.is(input.returns, 1)
    t.is(await pool.apply(oddFails, [4]), 8)
  })

  testBoth(`${kind}: after stopAndJoin results stay readable, then next() throws PoolClosedError`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const input = new Counter()
    const results = pool[kind](oddFails, input, { maxTasksActive: 4, chunkSize: 1 })
    t.deepEqual(await results.next(), { done: false, value: { index: 0, status: 'fulfilled', value: 0 } })
    await within(pool.stopAndJoin(), 'stopAndJoin')
    for (let i = 1; i < input.pulled; i++) t.is((await results.next()).value?.index, i)
    await t.throwsAsync(results.next(), { instanceOf: PoolClosedError })
    t.deepEqual(await results.next(), DONE)
  })

  test(`${kind}: next() throws WorkerStartError if no worker can be started`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2, execArgv: ['--no-such-flag'] })
    const input = new Counter()
    const results = pool[kind](oddFails, input, { chunkSize: 1 })
    await t.throwsAsync(results.next(), { instanceOf: WorkerStartError })
    t.deepEqual(await results.next(), DONE)
    t.is(input.returns, 1)
    await within(pool.stopAndJoin(), 'the call is still open')
  })

  test(`${kind}: a WorkerStartError that a task throws is the reason of its item`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const rethrow = (): never => {
      throw new WorkerStartError('of a pool inside the task')
    }
    const results = await collect(pool[kind](rethrow, [1, 2]))
    t.deepEqual(
      results.map((each) => reasonOf(each) instanceof WorkerStartError),
      [true, true]
    )
  })
}

test('imapSettled keeps the order of the input, imapSettledUnordered that of completion', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  const items = (gate: string): { leave?: string; value: number; message?: string }[] => [
    { leave: gates.path(gate), value: 0 },
    { value: 1, message: 'one' },
    { value: 2 }
  ]
  const seen: [number, string][] = []
  for await (const { index, status } of pool.imapSettledUnordered(jobs.passOrFail, items('a'), { chunkSize: 1 })) {
    seen.push([index, status])
    if (seen.length === 2) gates.open('a')
  }
  const fulfilled = [0, 'fulfilled']
  t.deepEqual(seen, [[1, 'rejected'], [2, 'fulfilled'], fulfilled]) // prettier-ignore
  const ordered = pool.imapSettled(jobs.passOrFail, items('b'), { chunkSize: 1 })
  const first = ordered.next()
  await until(
    () => pool.stats.running === 1,
    () => 'the other tasks are not done'
  )
  gates.open('b')
  t.deepEqual(await first, { done: false, value: { index: 0, status: 'fulfilled', value: 0 } })
  t.deepEqual(
    (await collect(ordered)).map(({ index, status }) => [index, status]),
    [[1, 'rejected'], [2, 'fulfilled']] // prettier-ignore
  )
})
