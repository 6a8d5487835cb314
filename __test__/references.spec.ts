import { fileURLToPath } from 'node:url'

import test from 'ava'

import { task, TaskFunctionError, tasks } from '../dist/index.js'
import type * as MapJobs from './fixtures/jobs-map.mjs'
import type * as Jobs from './fixtures/jobs.mjs'
import { watchedPool } from './helpers/pools.js'

type Add = (a: number, b: number) => number

const url = new URL('./fixtures/jobs.mjs', import.meta.url)
const mapUrl = new URL('./fixtures/jobs-map.mjs', import.meta.url)
const jobs = tasks<typeof Jobs>(url)
const { add, later, whoAmI } = jobs

test('a reference runs its export in this process', async (t) => {
  t.is(await add(1, 2), 3)
  t.is(await later(1), 2)
  t.is(await jobs.default(4), 8)
  t.is(await whoAmI(), undefined)
  t.is(await jobs.root(9), 3)
  t.is(await task<Add>(fileURLToPath(url), 'add')(3, 4), 7)
  t.is(await task<(path: string) => string>('node:path', 'basename')('/a/b'), 'b')
  const cjs = new URL('./fixtures/jobs-cjs.cjs', import.meta.url)
  t.is(await task<(x: number) => number>(cjs)(4), 12)
  t.is(await task<(x: number) => number>(cjs, 'quadruple')(4), 16)
})

test('the module is that of this process, evaluated once', async (t) => {
  const { count } = await import('./fixtures/jobs.mjs')
  const before = count()
  t.deepEqual(await Promise.all([jobs.count(), jobs.count()]), [before + 1, before + 2])
  t.is(count(), before + 3)
})

test('a call always returns a promise, and what the export throws rejects it unchanged', async (t) => {
  const { throwOther, failAsMine } = tasks<typeof MapJobs>(mapUrl)
  for (const again of [false, true]) {
    t.true(throwOther('undefined').catch(() => again) instanceof Promise)
    t.is(await throwOther('number').catch((error: unknown) => error), -0)
    const error = await t.throwsAsync(failAsMine(), { message: 'mine' })
    t.is(error.constructor, (await import('./fixtures/jobs-map.mjs')).MineError)
  }
})

test('a missing file or export, and what cannot be called, is refused as in a worker, with the line of the call', async (t) => {
  const folder = new URL('./fixtures/', import.meta.url)
  const refused: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
    [() => task(new URL('no-such-file.mjs', folder), 'f')(), /no-such-file\.mjs does not exist/],
    [() => task(url, 'nothing')(), /has no export 'nothing'/],
    [() => task(url, 'limit')(), /the export 'limit' of .* is not a function: 3/],
    [() => task(url, 'Job')(), /'Job' is a class/],
    [() => task(url, 'many')(), /'many' is a generator/],
    [() => task('node:nothing')(), /node:nothing does not exist/]
  ]
  for (const [call, message] of refused) {
    const error = await t.throwsAsync(call(), { instanceOf: TaskFunctionError, code: 'ERR_POOL_FUNCTION', message })
    const [, first] = (error.stack ?? '').split('\n')
    t.regex(first ?? '', /references\.spec\.ts/)
  }
})

test('what a module throws while it loads rejects the call', async (t) => {
  const job = task(new URL('./fixtures/jobs-throws.mjs', import.meta.url), 'job')
  await t.throwsAsync(job(), { instanceOf: RangeError, message: 'broken while loading' })
})

test('a reference is a frozen function of the name of its export', (t) => {
  t.is(typeof add, 'function')
  t.is(add.name, 'add')
  t.is(task(url).name, 'default')
  t.is(add, jobs.add)
  t.true(Object.isFrozen(add))
})

test('a pool takes a reference as before, called or not', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.deepEqual(await pool.map(add, [[1, 2], [3, 4]], { spread: true }), [3, 7]) // prettier-ignore
  t.is(await add(1, 2), 3)
  t.deepEqual(await pool.map(later, [1, 2]), [2, 3])
  await t.throwsAsync(pool.map(later, [1], { context: { a: 1 } }), { code: 'ERR_POOL_INVALID_OPTION' })
  await t.throwsAsync(pool.map(jobs as never, [1]), { code: 'ERR_POOL_INVALID_OPTION' })
  await t.throwsAsync(
    pool.map((x: unknown) => x, [add]),
    { code: 'ERR_POOL_NOT_SERIALIZABLE' }
  )
})

test('a function that is sent by value takes along the references that it calls', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const held = { add, deep: [later] }
  t.deepEqual(await pool.map(async (x: number) => (await later(x)) + (await add(x, 1)), [1, 2]), [4, 6])
  t.deepEqual(await pool.map((x: number) => jobs.add(x, 5), [1]), [6])
  t.deepEqual(await pool.map((x: number) => held.add(x, held.deep.length), [1]), [2])
  t.deepEqual(await pool.map((x: number) => given(x, 1), [1], { context: { given: add } }), [2])
  const missing = task(url, 'nothing')
  await t.throwsAsync(
    pool.apply(() => missing()),
    { code: 'ERR_POOL_FUNCTION', message: /no export 'nothing'/ }
  )
})
declare const given: Add

test('a task makes and calls references, and gives those that it was sent to pools of its own', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
  const library = new URL('../dist/index.js', import.meta.url).href
  const made = async (href: string, file: string): Promise<unknown> => {
    const { tasks: make } = (await import(href)) as { tasks: typeof tasks }
    const { add: own } = make<typeof Jobs>(new URL(file))
    return [await own(1, 2), await own(3, 4)]
  }
  t.deepEqual(await pool.apply(made, [library, url.href]), [3, 7])
  const nested = async (href: string): Promise<unknown> => {
    const { WorkerPool } = (await import(href)) as typeof import('../dist/index.js') // oxlint-disable-line consistent-type-imports
    const inner = new WorkerPool({ nJobs: 1, execArgv: [] })
    try {
      return [await inner.map(later, [1, 2]), await inner.apply(jobs.add, [1, 2])]
    } finally {
      await inner.stopAndJoin()
    }
  }
  t.deepEqual(await pool.apply(nested, [library]), [[2, 3], 3])
})
