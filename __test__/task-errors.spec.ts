import assert from 'node:assert'
import { types } from 'node:util'
import test from 'ava'
import { NotSerializableError, tasks, type WorkerPool } from '../dist/index.js'
import { errorKinds } from './fixtures/jobs-data.mjs'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'
import { within } from './helpers/within.js'

type Untyped = (...args: unknown[]) => unknown

const jobs = tasks<Record<'fail' | 'failWith' | 'rejectWith' | 'failUnsendable' | 'thenables' | 'rejecting', Untyped>>(
  new URL('./fixtures/jobs-data.mjs', import.meta.url)
)

/** What a promise is rejected with, whatever it is. */
async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await within(promise, 'the task has settled')
  } catch (error) {
    return error
  }
  throw new assert.AssertionError({ message: 'it was fulfilled' })
}

function fail(pool: WorkerPool, kind: string): Promise<Error & Record<string, unknown>> {
  return reasonOf(pool.apply(jobs.fail, [kind])) as Promise<Error & Record<string, unknown>>
}

testBoth.serial('a cause that leads back to its error arrives as a cycle', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const error = await fail(pool, 'circular cause')
  t.true(error instanceof TypeError)
  t.is((error.cause as Error).message, 'inner')
  t.is((error.cause as Error).cause, error)
})

testBoth.serial('an AggregateError keeps its errors', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const error = (await fail(pool, 'aggregate')) as unknown as AggregateError
  t.true(error instanceof AggregateError)
  t.true(error.errors[0] instanceof RangeError)
  t.deepEqual(error.errors.slice(1), ['two', { three: 3 }])
})

test.serial(
  'an error of a class of the user keeps its name, its nearest built-in class and its properties',
  async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const error = await fail(pool, 'own class')
    t.is(error.name, 'QuotaError')
    t.true(error instanceof RangeError)
    t.is(error['limit'], 5)
    t.deepEqual(error['details'], new Map([['a', [1n]]]))
    t.true(types.isNativeError(error))
    t.regex(error.stack ?? '', /jobs-data\.mjs:[^]*task-errors\.spec/, 'the worker first, then the line that called')
  }
)

testBoth.serial('a part of an error that cannot be sent is described, and the rest is kept', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const error = await fail(pool, 'own properties that cannot be sent')
  t.is(error.message, 'kept')
  t.is(error['code'], 'E_X')
  t.deepEqual(error['fine'], [1, 2])
  t.is(typeof error['callback'], 'string')
  t.is(typeof error['socket'], 'string')
})

testBoth.serial('system errors and DOMExceptions keep their kind', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const system = await fail(pool, 'system')
  t.like(system, { errno: -2, code: 'ENOENT', syscall: 'open', path: '/x' })
  const dom = await fail(pool, 'dom')
  t.true((dom as unknown) instanceof DOMException)
  t.like(dom, { name: 'DataCloneError', message: 'kept', code: 25 })
})

testBoth.serial('an error of any form rejects its own task and no other', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  for (const kind of errorKinds) {
    t.not(await fail(pool, kind), undefined, kind)
    const both = pool.mapSettled(jobs.fail, [kind, kind], { chunkSize: 2 })
    t.deepEqual((await within(both, kind)).map(({ status }) => status), ['rejected', 'rejected']) // prettier-ignore
    await reasonOf(pool.map(jobs.fail, [kind, kind], { chunkSize: 2 }))
    await reasonOf(pool.imap(jobs.fail, [kind]).next())
  }
  t.is((await fail(pool, 'frozen')).message, 'kept')
  t.is((await fail(pool, 'a stack without a text')).message, 'kept')
  t.deepEqual(exits, [])
})

testBoth.serial('a thrown value that is no error is passed on unchanged', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const values = [
    undefined,
    null,
    0,
    -0,
    '',
    'text',
    true,
    5n,
    NaN,
    { a: [1] },
    [],
    new Map([[1, 2]]),
    Buffer.from('a')
  ]
  for (const fn of [jobs.failWith, jobs.rejectWith]) {
    const settled = await pool.mapSettled(fn, values, { chunkSize: values.length })
    assert.deepStrictEqual(
      settled,
      values.map((reason) => ({ status: 'rejected', reason }))
    )
    for (const value of values) assert.deepStrictEqual(await reasonOf(pool.apply(fn, [value])), value)
    assert.deepStrictEqual(await reasonOf(pool.map(fn, [undefined])), undefined)
    assert.deepStrictEqual(await reasonOf(pool.imap(fn, [undefined]).next()), undefined)
  }
  t.is(pool.stats.completed, 0)
})

testBoth.serial('a thrown value that cannot be sent is reported as such', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  for (const kind of ['function', 'symbol', 'promise']) {
    const error = await reasonOf(pool.apply(jobs.failUnsendable, [kind]))
    t.true(error instanceof NotSerializableError, kind)
    t.is((error as NotSerializableError).path, 'error')
    t.regex((error as NotSerializableError).message, /; the task threw (\[Function|Symbol\(|Promise)/)
  }
  const settled = await pool.mapSettled(jobs.failUnsendable, ['function', 'symbol'], { chunkSize: 2 })
  t.true(settled.every((result) => result.status === 'rejected' && result.reason instanceof NotSerializableError))
  t.deepEqual(exits, [])
})

testBoth.serial('promises and thenables of all kinds give one result each', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const kinds = [
    'promise of a promise',
    'thenable',
    'thenable of a thenable',
    'thenable that settles often',
    'promise with a then of its own',
    'function with then',
    'class of promises',
    'plain'
  ]
  const rows = kinds.flatMap((kind, x) => [[kind, x], ['plain', -x]]) // prettier-ignore
  const wanted = rows.map(([, x]) => x)
  for (const chunkSize of [1, 5, rows.length]) {
    t.deepEqual(await pool.map(jobs.thenables, rows as never, { chunkSize, spread: true }), wanted)
    const settled = await pool.mapSettled(jobs.thenables, rows as never, { chunkSize, spread: true })
    t.deepEqual(settled, wanted.map((value) => ({ status: 'fulfilled', value }))) // prettier-ignore
  }
  t.deepEqual(exits, [])
})

testBoth.serial('a rejection with a value that is no error is passed on unchanged', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const reasons = { undefined, null: null, zero: 0, text: 'no', object: { a: 1 } }
  const settled = await pool.mapSettled(jobs.rejecting, Object.keys(reasons), { chunkSize: 2 })
  assert.deepStrictEqual(
    settled,
    Object.values(reasons).map((reason) => ({ status: 'rejected', reason }))
  )
  t.is(pool.stats.failed, 5)
})
