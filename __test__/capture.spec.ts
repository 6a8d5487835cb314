import { createRequire } from 'node:module'
import test, { type ExecutionContext } from 'ava'
import { TaskFunctionError } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { counted } from './fixtures/capture-lib.mjs'

type Untyped = (...args: unknown[]) => unknown

interface Run {
  readonly title: string
  readonly fn: Untyped
  readonly args?: readonly unknown[]
  readonly context?: Readonly<Record<string, unknown>>
  readonly result: unknown
}

interface Refused {
  readonly title: string
  readonly fn: Untyped
  readonly variable?: string
  readonly message?: RegExp
}

const require = createRequire(import.meta.url)
const { runs } = (await import('./fixtures/capture-rows.mjs')) as unknown as { runs: readonly Run[] }
const commonJs = require('./fixtures/capture-rows.cjs') as { runs: readonly Run[]; count: () => number }

async function runAll(t: ExecutionContext, rows: readonly Run[]): Promise<void> {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const { title, fn, args = [], context, result } of rows) {
    await t.notThrowsAsync(async () => t.deepEqual(await pool.apply(fn, [...args], { context }), result, title), title)
  }
}

test.serial('functions of ES modules run in a worker as in their file', async (t) => runAll(t, runs))

test.serial('functions of CommonJS modules run in a worker as in their file', async (t) => runAll(t, commonJs.runs))

test.serial('a variable that cannot be sent is refused by its name before anything runs', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const seen: string[] = []
  const refuse = async (rows: readonly Refused[]): Promise<void> => {
    for (const { title, fn, variable, message = /./ } of rows) {
      const error = await t.throwsAsync(pool.apply(fn), { instanceOf: TaskFunctionError, message }, title)
      t.is(error.variable, variable, title)
      seen.push(title)
    }
  }
  Object.assign(globalThis, { millraceRefused: refuse })
  t.teardown(() => Reflect.deleteProperty(globalThis, 'millraceRefused'))
  const url: string = './fixtures/capture-rows.mjs?while-it-is-evaluated'
  await import(url)
  t.is(seen.length, 10)
  t.is(pool.stats.submitted, 0)
})

test.serial('an exported function is imported from its module, even if its text would suffice', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  let one = 1
  one += 0
  t.is(await pool.apply(counted), 1)
  t.deepEqual(await pool.apply(() => [counted(), one]), [2, 1])
  t.is(await pool.apply(commonJs.count), 1)
  t.deepEqual(await pool.apply(() => [commonJs.count(), one]), [2, 1])
})

test.serial('a variable that holds a function is read in each call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  let step = (): string => 'first'
  const run = (): string => step()
  t.is(await pool.apply(run), 'first')
  step = () => 'second'
  t.is(await pool.apply(run), 'second')
})

test.serial('thousands of functions that capture each other are prepared', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const add =
    (before: (x: number) => number, n: number) =>
    (x: number): number =>
      before(x) + n
  let sum = (x: number): number => x
  for (let n = 1; n <= 2000; n++) sum = add(sum, n)
  t.is(await pool.apply(sum, [0]), 2001000)
})
