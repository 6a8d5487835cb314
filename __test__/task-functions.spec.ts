import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import vm from 'node:vm'
import test from 'ava'
import { PoolError, task, TaskFunctionError, tasks } from '../dist/index.js'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { within } from './helpers/within.js'

type Untyped = (...args: unknown[]) => unknown

function fixture(name: string): URL {
  return new URL(`./fixtures/${name}`, import.meta.url)
}

/** As a user wrote it: no loader of the tests rewrites the source. */
function script(code: string): Untyped {
  return vm.runInThisContext(code) as Untyped
}

const bySource: readonly (readonly [code: string, args: readonly unknown[], result: unknown])[] = [
  ['(x) => x * 2', [4], 8],
  ['async (x) => { await null; return x + 1 }', [4], 5],
  ['(function (x) { return x + 1 })', [4], 5],
  ['(async function later(x) { return x + 1 })', [4], 5],
  ['(function fact(n) { return n < 2 ? 1 : n * fact(n - 1) })', [5], 120],
  ['({ m(x) { return x + 1 } }).m', [4], 5],
  ['({ async m(x) { return x + 1 } }).m', [4], 5],
  ['(class { static m(x) { return x + 1 } }).m', [4], 5],
  ['(x, y = x * 2) => x + y', [4], 12],
  ['({ a, b: [c] }) => a + c', [{ a: 1, b: [2] }], 3],
  ['(...all) => all.length', [1, 2, 3], 3],
  ['(a, ...rest) => [a, rest]', [1, 2, 3], [1, [2, 3]]],
  ['() => 7', [1, 2], 7],
  ['(x) => Buffer.from(x).toString("hex")', ['a'], '61'],
  ['(function () { return arguments.length })', [1, 2], 2],
  ['(function () { return this === undefined || this === globalThis })', [], true],
  ['async (x) => (await import("node:path")).basename(x)', ['/a/b'], 'b']
]

testBoth.serial('functions of every form run by their source', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const [code, args, result] of bySource) t.deepEqual(await pool.apply(script(code), [...args]), result, code)
})

testBoth.serial('with passContext, functions of every form receive the context', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const seen = async (code: string, items: readonly unknown[], spread = false): Promise<unknown> =>
    spread
      ? await pool.map(script(code), items as readonly unknown[][], { spread, passContext: true, chunkSize: 2 })
      : await pool.map(script(code), items, { passContext: true, chunkSize: 2 })
  t.deepEqual(await seen('(x, context) => [x, context.index]', ['a', 'b', 'c']), [['a', 0], ['b', 1], ['c', 2]]) // prettier-ignore
  t.deepEqual(await seen('(...all) => all.length', [1, 2]), [2, 2])
  t.deepEqual(await seen('(x, context = null) => context.index', [1]), [0])
  t.deepEqual(await seen('(a, b, context) => [a, b, context.workerId]', [[1, 2], [3, 4]], true), [[1, 2, 0], [3, 4, 0]]) // prettier-ignore
  t.deepEqual(await seen('(a, b, context) => [a, typeof b, typeof context]', [[1], []], true), [[1, 'object', 'undefined'], [{ shared: undefined, state: {}, index: 1, workerId: 0 }, 'undefined', 'undefined']]) // prettier-ignore
  t.deepEqual(await pool.apply(script('(context) => typeof context.state'), [], { passContext: true }), 'object')
})

testBoth.serial('native functions are looked up by their path and never receive a context', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const items = Array.from({ length: 1000 }, (_, n) => n)
  t.deepEqual(await pool.map(Math.sqrt, items), items.map(Math.sqrt))
  t.deepEqual(await pool.map(Math.max as never, [[1, 2], [4, 3]], { spread: true }), [2, 4]) // prettier-ignore
  t.is(await pool.apply(Math.max, []), -Infinity)
  t.deepEqual(await pool.map(Number.parseInt as never, ['10', '11']), [10, 11])
  t.deepEqual(await pool.map(JSON.stringify as never, [{ a: 1 }]), ['{"a":1}'])
  t.deepEqual(await pool.map(structuredClone as never, [[1]]), [[1]])
  t.deepEqual(await pool.map(String, [1, null]), ['1', 'null'])
})

test.serial('exports of ES and CommonJS modules run by reference', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const kinds = fixture('jobs-kinds.mjs')
  const jobs = tasks<Record<string, Untyped>>(kinds)
  t.deepEqual(await pool.map(kinds, [1, 2]), [3, 6])
  t.deepEqual(await pool.map(task(kinds), [1, 2]), [3, 6])
  t.deepEqual(await pool.map(task(kinds.href), [1]), [3])
  t.deepEqual(await pool.map(task(fileURLToPath(kinds), 'arrow'), [1]), [2])
  t.deepEqual(await pool.map(task(kinds, 'odd name'), [1]), [2])
  t.deepEqual(await pool.apply(task(kinds, 'bound'), [1, 2]), [10, 1, 2])
  t.deepEqual(await pool.map(task(kinds, 'native'), [4, 9]), [2, 3])
  t.deepEqual(await pool.map(task(kinds, 'rest'), [1]), [[1]])
  t.deepEqual(await pool.map(task(kinds, 'withDefault'), [1]), [[1, 'number']])
  t.deepEqual(await pool.map(task(kinds, 'withContext'), ['a', 'b']), [['a', 'undefined', undefined], ['b', 'undefined', undefined]]) // prettier-ignore
  t.deepEqual(await pool.map(task(kinds, 'withContext'), ['a', 'b'], { passContext: true }), [['a', 'object', 0], ['b', 'object', 1]]) // prettier-ignore
  t.deepEqual(await pool.apply(jobs['arrow'] as never, [1] as never), 2 as never)
  // One module per process, whatever its functions are called by.
  t.deepEqual(await pool.map(task(kinds, 'counter'), [0, 0]), [1, 2])
  t.is(await pool.apply(task(kinds, 'counter')), 3)

  const cjs = fixture('jobs-cjs.cjs')
  t.deepEqual(await pool.map(cjs, [1, 2]), [3, 6])
  t.deepEqual(await pool.map(task(cjs, 'quadruple'), [1, 2]), [4, 8])
  t.is(await pool.apply(task('node:path', 'basename'), ['/a/b']), 'b')
  t.is(await pool.apply(task('data:text/javascript,export const f = (x) => x + 1', 'f'), [1]), 2)
})

testBoth.serial('a module with a top-level await is waited for', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const word = task(fixture('jobs-await.mjs'), 'word')
  t.deepEqual(await pool.map(word, [1, 2, 3], { chunkSize: 1 }), ['loaded 1', 'loaded 2', 'loaded 3'])
})

testBoth.serial('a missing module or export is reported by name, and the pool goes on', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const kinds = fixture('jobs-kinds.mjs')
  const bad: readonly (readonly [reference: unknown, message: RegExp])[] = [
    [task(fixture('no-such-file.mjs'), 'job'), /no-such-file\.mjs does not exist/],
    [fixture('no-such-file.cjs'), /no-such-file\.cjs does not exist/],
    [fixture('.'), /fixtures[\\/]? does not exist/],
    [task(kinds, 'missing'), /jobs-kinds\.mjs has no export 'missing' \(exports: .*arrow/],
    [task(kinds, 'toString'), /has no export 'toString'/],
    [task(kinds, 'object'), /the export 'object' of .* is not a function/],
    [fixture('jobs-await.mjs'), /jobs-await\.mjs has no default export \(exports: loaded, word\)/],
    [task(kinds, 'Shape'), /the function 'Shape' is a class/],
    [task(kinds, 'generate'), /'generate' is a generator/],
    [task(kinds, 'generateLater'), /'generateLater' is an async generator/],
    [task('node:no-such-module', 'x'), /node:no-such-module does not exist/]
  ]
  for (const [reference, message] of bad) {
    const error = await t.throwsAsync(pool.apply(reference as Untyped), { instanceOf: TaskFunctionError, message })
    t.is(error.code, 'ERR_POOL_FUNCTION')
    t.true(error instanceof PoolError)
    const settled = await pool.mapSettled(reference as Untyped, [1, 2, 3], { chunkSize: 2 })
    t.true(settled.every((result) => result.status === 'rejected' && result.reason instanceof TaskFunctionError))
  }
  t.is(await pool.apply(task(kinds, 'arrow'), [1]), 2)
  t.deepEqual(exits, [])
})

testBoth.serial('the error that a module throws while it loads fails each of its tasks', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const broken = task(fixture('jobs-throws.mjs'), 'job')
  for (let round = 0; round < 2; round++) {
    const error = await t.throwsAsync(pool.apply(broken), { instanceOf: RangeError, message: 'broken while loading' })
    t.is((error as RangeError & { detail?: unknown }).detail, 7)
  }
  const settled = await pool.mapSettled(broken, [1, 2, 3], { chunkSize: 2 })
  t.deepEqual(settled.map(({ status }) => status), ['rejected', 'rejected', 'rejected']) // prettier-ignore
  // Here it is an import of the module that is missing, not the module.
  const nested = task(fixture('jobs-imports-nothing.mjs'), 'job')
  await t.throwsAsync(pool.apply(nested), { code: 'ERR_MODULE_NOT_FOUND', message: /no-such-file\.mjs/ })
  t.deepEqual(exits, [])
})

test.serial('a pool whose worker loads a module forever can be terminated, and its call aborted', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-loading-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const loading = join(folder, 'loading')
  const env = { ...process.env, LOADING: loading }
  const { existsSync } = process.getBuiltinModule('node:fs')
  const forever = task(fixture('jobs-forever.mjs'), 'job')
  const hasBegun = (): Promise<void> => until(() => existsSync(loading), () => 'the module is not loaded') // prettier-ignore

  const { pool } = watchedPool(t, { nJobs: 1, env })
  const pending = t.throwsAsync(pool.apply(forever), { code: 'ERR_POOL_TERMINATED' })
  await hasBegun()
  await within(pool.terminate(), 'terminated')
  await pending

  rmSync(loading)
  const { pool: other } = watchedPool(t, { nJobs: 1, env })
  const controller = new AbortController()
  const aborted = t.throwsAsync(other.apply(forever, [], { signal: controller.signal }), {
    any: true,
    name: 'AbortError'
  })
  await hasBegun()
  controller.abort()
  await aborted
  t.is(
    await within(
      other.apply((x: number) => x + 1, [1]),
      'the worker is free again'
    ),
    2
  )
})

testBoth.serial(
  'a function that cannot be sent is refused before anything runs, with the name that it needs',
  async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const bad: readonly (readonly [code: string, variable: string | undefined, message: RegExp])[] = [
      [
        '(() => { const soon = Promise.resolve(2); return (x) => soon })()',
        'soon',
        /uses 'soon', which holds a promise/
      ],
      [
        '(() => { let a = [new WeakMap()]; return function f() { return a } })()',
        'a',
        /'f' uses 'a', which holds a WeakMap at a\[0\]/
      ],
      ['(class { static m() { return super.x } }).m', 'super', /uses super/],
      ['(function () { return () => this })()', 'this', /uses this/],
      ['(x) => eval(x)', 'eval', /calls eval/],
      ['async () => import("./near.mjs")', './near.mjs', /cannot be resolved/],
      ['(function* f() {})', undefined, /'f' is a generator/],
      ['(async function* f() {})', undefined, /'f' is an async generator/],
      ['(class Shape {})', undefined, /'Shape' is a class/],
      ['(function f() {}).bind(null)', undefined, /is a native or bound function and cannot be sent/],
      ['new Proxy(function f() {}, {})', undefined, /a Proxy/],
      ['Object.getOwnPropertyDescriptor({ get a() { return 1 } }, "a").get', undefined, /a getter or setter/],
      ['[].values().next', undefined, /is a native or bound function and cannot be sent/]
    ]
    for (const [code, variable, message] of bad) {
      const fn = script(code)
      const error = await t.throwsAsync(pool.apply(fn), { instanceOf: TaskFunctionError, message }, code)
      t.is(error.code, 'ERR_POOL_FUNCTION')
      t.is(error.variable, variable, code)
      await t.throwsAsync(pool.map(fn, [1]), { instanceOf: TaskFunctionError, message })
      await t.throwsAsync(pool.mapSettled(fn, [1]), { instanceOf: TaskFunctionError, message })
      t.throws(() => pool.imap(fn, [1]), { instanceOf: TaskFunctionError, message })
    }
    t.deepEqual(pool.workers, [])
    t.is(pool.stats.submitted, 0)
  }
)

test.serial('more functions than a pool remembers run on one pool, the first ones again too', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const make = (n: number): Untyped => script(`(x) => x + ${n}`)
  const functions = Array.from({ length: 1500 }, (_, n) => make(n))
  const all = await Promise.all(functions.map((fn) => pool.apply(fn, [1])))
  t.deepEqual(all, functions.map((_, n) => n + 1)) // prettier-ignore
  t.is(await pool.apply(functions[0] as Untyped, [1]), 1)

  // One that is in use the whole time while it is pushed out by others.
  const items = Array.from({ length: 40 }, (_, n) => n)
  const results: unknown[] = []
  for await (const result of pool.imap(functions[7] as Untyped, items, { chunkSize: 1, maxTasksActive: 2 })) {
    results.push(result)
    const others = functions.slice(results.length * 30, results.length * 30 + 30)
    await Promise.all(others.map((fn) => pool.apply(fn, [0])))
  }
  t.deepEqual(results, items.map((n) => n + 7)) // prettier-ignore
})

test.serial('one function object serves several pools, and a replaced worker', async (t) => {
  const fn = script('(x) => x === "leave" ? process.exit(0) : x * 2')
  const pools = [1, 2, 3].map(() => watchedPool(t, { nJobs: 1 }).pool)
  const all = await Promise.all(pools.map((pool) => pool.map(fn, [1, 2, 3])))
  t.deepEqual(all, [[2, 4, 6], [2, 4, 6], [2, 4, 6]]) // prettier-ignore
  const [first] = pools
  await t.throwsAsync(first?.apply(fn, ['leave']) ?? Promise.resolve(), { code: 'ERR_POOL_WORKER_DIED' })
  t.is(await first?.apply(fn, [4]), 8)
})

test.serial('a worker runs a module as it is when the worker loads it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-module-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  // A place with all that a URL has to encode.
  const file = join(folder, process.platform === 'win32' ? 'a b#cd%20.mjs' : 'a b#c?d%20.mjs')
  const reference = task(pathToFileURL(file), 'f')
  writeFileSync(file, 'export const f = (x) => x + 1')
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.is(await pool.apply(reference, [1]), 2)
  t.is(await pool.apply(task(file, 'f'), [1]), 2)
})

testBoth.serial('recursion that ends in a stack overflow fails its task alone', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const endless = script('(function f(x) { return x === 1 ? f(x) + 1 : x })')
  const settled = await pool.mapSettled(endless, [0, 1, 2], { chunkSize: 3 })
  t.deepEqual(settled.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']) // prettier-ignore
  t.deepEqual(exits, [])
})
