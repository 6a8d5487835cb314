import test from 'ava'

import {
  currentTask,
  type TaskContext,
  taskInfo,
  tasks,
  TaskFunctionError,
  WorkerDiedError,
  WorkerPool
} from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'

const jobs = tasks<typeof import('./fixtures/jobs.mjs')>(new URL('./fixtures/jobs.mjs', import.meta.url))

test('a wrapped function runs in a worker, with any number of arguments', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const join = pool.wrap((...parts: readonly string[]) => [process.pid, parts.join('-')] as const)
  const results = await Promise.all([join(), join('a'), join('a', 'b')])
  t.deepEqual(results.map(([, text]) => text), ['', 'a', 'a-b']) // prettier-ignore
  for (const [pid] of results) t.not(pid, process.pid)
  t.is(await pool.wrap(async (x: number) => x + 1)(1), 2)
  t.is(await pool.wrap(Math.max)(1, 7, 3), 7)
  t.deepEqual(await Promise.all([3, 4].map(pool.wrap((x: number) => x * 2))), [6, 8])
  t.is(await pool.wrap(jobs.add)(4, 3), 7)
})

test('the variables of the function are read at each call, its options once', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  let factor = 2
  const options = { context: { shift: 100 }, passContext: true as const }
  const scale = pool.wrap((x: number, { index }: TaskContext) => {
    // @ts-expect-error shift comes with the options
    return x * factor + (shift as number) + index
  }, options)
  t.is(await scale(3), 106)
  factor = 5
  options.context = { shift: 0 }
  t.is(await scale(3), 115)
})

test('an error has the line of its call, and the task', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const fail = pool.wrap((text: string): never => { throw new RangeError(text) }) // prettier-ignore
  const theCaller = (): Promise<never> => fail('thrown')
  const error = await t.throwsAsync(theCaller(), { instanceOf: RangeError, message: 'thrown' })
  t.regex(error.stack ?? '', /\n {4}at the task of pool\.wrap\n {4}at theCaller .*wrap\.spec/)
  t.like(taskInfo(error), { index: 0, item: "('thrown')", attempt: 1 })
  const die = pool.wrap(() => process.exit(3))
  const died = await t.throwsAsync((function anotherCaller() { return die() })(), { instanceOf: WorkerDiedError }) // prettier-ignore
  t.regex(died.stack ?? '', /^WorkerDiedError: .*\n {4}at anotherCaller .*wrap\.spec/)
})

test('bad arguments fail at once, and name the value', (t) => {
  const pool = new WorkerPool({ nJobs: 1 })
  const wrap = pool.wrap.bind(pool) as (...args: readonly unknown[]) => unknown
  for (const fn of [undefined, null, 5, 'fn', {}, ['fn']]) {
    const error = t.throws(() => wrap(fn), { instanceOf: TypeError, code: 'ERR_POOL_INVALID_OPTION' })
    t.regex(error.stack ?? '', /^.*\bfn must be a function.*\n {4}at .*wrap\.spec/)
  }
  const fn = (): number => 1
  t.throws(() => wrap(fn, { batch: 2 }), { instanceOf: TypeError, message: /batch/ })
  t.throws(() => wrap(fn, { chunkSize: 2 }), { instanceOf: TypeError, message: /chunkSize/ })
  t.throws(() => wrap(fn, { taskTimeout: 0 }), { instanceOf: RangeError, message: /taskTimeout/ })
  t.throws(() => wrap(fn, 5), { instanceOf: TypeError })
  t.deepEqual(pool.workers, [])
})

test('what a call of a wrapped function finds wrong rejects that call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, batch: 3 })
  const controller = new AbortController()
  const wait = pool.wrap(() => new Promise<number>(() => setTimeout(() => undefined, 1e6)), {
    signal: controller.signal
  })
  const waiting = wait()
  controller.abort(new Error('enough'))
  await t.throwsAsync(waiting, { message: 'enough' })
  await t.throwsAsync(wait(), { message: 'enough' })
  const bound = function (this: unknown): unknown { return this }.bind(1) // prettier-ignore
  await t.throwsAsync(pool.wrap(bound)(), { instanceOf: TaskFunctionError })
  await t.throwsAsync(
    pool.wrap((f: unknown) => f)(() => 1),
    { code: 'ERR_POOL_NOT_SERIALIZABLE', message: /args\[0\]/ }
  )
  const one = pool.wrap(() => 1)
  t.is(await one(), 1)
  await pool.stopAndJoin()
  const theCaller = (): Promise<number> => one()
  const closed = await t.throwsAsync(theCaller(), { code: 'ERR_POOL_CLOSED' })
  t.regex(closed.stack ?? '', /^.*\n {4}at theCaller .*wrap\.spec/)
  await t.throwsAsync(pool.wrap(() => 1)(), { code: 'ERR_POOL_CLOSED' })
})

test('a module may wrap functions beside those that its own workers run', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const wrapInside = async (url: string): Promise<string> => {
    const { WorkerPool: Inner } = (await import(url)) as typeof import('../dist/index.js')
    const inner = (): WorkerPool => new Inner({ nJobs: 1 })
    try {
      return String(inner())
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  t.is(await pool.apply(wrapInside, [new URL('../dist/index.js', import.meta.url).href]), 'ERR_POOL_DAEMONIC')
  const { wrappedHere, callWrapped } = tasks<typeof import('./fixtures/jobs-wrapped.mjs')>(
    new URL('./fixtures/jobs-wrapped.mjs', import.meta.url)
  )
  t.is(await pool.apply(callWrapped), 'ERR_POOL_DAEMONIC')
  t.truthy(wrappedHere)
  t.is(currentTask(), undefined)
})
