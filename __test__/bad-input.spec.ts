import { inspect } from 'node:util'
import test from 'ava'
import { cpuCount, PoolError, task, tasks, WorkerPool } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'

type Kind = 'TypeError' | 'RangeError'
type Bad = readonly [value: unknown, kind: Kind]
type Call = (pool: WorkerPool, options: unknown) => unknown

const T = 'TypeError'
const R = 'RangeError'
const same = (x: unknown): unknown => x

const notCounts: readonly Bad[] = [
  ...[null, '2', true, 2n, [2], {}, Object(2), Symbol('2')].map((x): Bad => [x, T]),
  ...[0, -1, 1.5, NaN, Infinity, 2 ** 53].map((x): Bad => [x, R])
]
const notLengths = notCounts.filter(([x]) => x !== 0)
const notBooleans: readonly Bad[] = [null, 0, 1, 'true', {}, Object(true)].map((x) => [x, T])
const notSignals: readonly Bad[] = [null, 5, 'abort', {}, new AbortController(), new EventTarget()].map((x) => [x, T])
const notTimes = notCounts.filter(([x]) => x !== 0 && x !== 1.5 && x !== 2 ** 53)

const forMaps: Readonly<Record<string, readonly Bad[]>> = {
  chunkSize: notCounts,
  nSplits: notCounts,
  maxTasksActive: notCounts,
  iterableLength: notLengths,
  orderTasks: notBooleans,
  spread: notBooleans,
  signal: notSignals
}

const forPools: Readonly<Record<string, readonly Bad[]>> = {
  ...forMaps,
  nJobs: [...notLengths, [1025, R]],
  daemon: notBooleans,
  stdio: [[null, T], [0, T], ['overlapped', R], [['ignore'], T]], // prettier-ignore
  cwd: [[null, T], [5, T], ['', R], ['a\0b', R], [new URL('https://example.org'), R]], // prettier-ignore
  execPath: [[null, T], [5, T], ['', R], ['a\0b', R]], // prettier-ignore
  execArgv: [[null, T], ['--no-warnings', T], [['a', 5], T], [['a\0'], R]], // prettier-ignore
  env: [[null, T], ['A=1', T], [[], T], [{ A: 1 }, T], [{ A: 'a\0' }, R], [{ 'A=B': 'a' }, R]], // prettier-ignore
  cpuIds: [[0, T], ['0', T], [['0'], T], [[[]], R], [[-1], R], [[cpuCount()], R], [[0.5], R], [[[[0]]], T]] // prettier-ignore
}

const maps: Readonly<Record<string, Call>> = {
  map: (pool, options) => pool.map(same, [1], options as object),
  mapUnordered: (pool, options) => pool.mapUnordered(same, [1], options as object),
  mapSettled: (pool, options) => pool.mapSettled(same, [1], options as object),
  imap: (pool, options) => pool.imap(same, [1], options as object),
  imapUnordered: (pool, options) => pool.imapUnordered(same, [1], options as object)
}

type Table = Readonly<Record<string, readonly Bad[]>>

/** What only a call can ask for. */
const ofCalls: Readonly<Record<string, readonly Bad[]>> = { slices: notBooleans, concatenate: notBooleans }

function mapCalls(): Readonly<Record<string, readonly [Call, Table]>> {
  return Object.fromEntries(Object.entries(maps).map(([name, call]) => [name, [call, { ...forMaps, ...ofCalls }]]))
}

const construct: Call = (_pool, options) => new WorkerPool(options as object)
const applyWith: Call = (pool, options) => pool.apply(same, [1], options as object)
const join: Call = (pool, options) => pool.stopAndJoin(options as object)

const calls: Readonly<Record<string, readonly [Call, Table]>> = {
  'new WorkerPool': [construct, forPools],
  ...mapCalls(),
  apply: [applyWith, { signal: notSignals }],
  stopAndJoin: [join, { timeout: notTimes }]
}

/** What later versions bring, what other calls have, and what is misspelt. */
const unknown = ['dashboard', 'chunksize', 'toString', '__proto__', '']

interface Refused {
  readonly how: 'thrown' | 'rejected'
  readonly error: Error & { readonly code?: unknown }
}

/** The refusal of a call, which has to be an error of the right making. */
async function refusal(run: () => unknown): Promise<Refused> {
  let how: Refused['how'] = 'thrown'
  try {
    const result = run()
    how = 'rejected'
    await result
  } catch (error) {
    if (!(error instanceof Error)) throw new Error(`threw ${inspect(error)}`, { cause: error })
    return { how, error }
  }
  throw new Error('was accepted')
}

function isSynchronous(name: string): boolean {
  return name === 'new WorkerPool' || name.startsWith('imap')
}

for (const [name, [call, table]] of Object.entries(calls)) {
  test(`${name}: every bad option is refused by class, code and a message with name, value and what is allowed`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    for (const [option, rows] of Object.entries(table)) {
      for (const [value, kind] of rows) {
        const { how, error } = await refusal(() => call(pool, { [option]: value }))
        const label = `${name} ${option} ${inspect(value)}: ${error.message}`
        t.is(how, isSynchronous(name) ? 'thrown' : 'rejected', label)
        t.is(error.name, kind, label)
        t.is(error.constructor, kind === T ? TypeError : RangeError, label)
        t.is(error.code, 'ERR_POOL_INVALID_OPTION', label)
        t.true(error instanceof PoolError, label)
        t.regex(error.message, new RegExp(`^${option}\\b.*, got .+$`, 's'), label)
      }
    }
    t.deepEqual(pool.workers, [])
    t.false(pool.closed)
  })

  test(`${name}: an unknown option is refused by name, with the options that exist`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    for (const option of unknown) {
      const options = Object.defineProperty({}, option, { value: 5, enumerable: true })
      const { how, error } = await refusal(() => call(pool, options))
      t.is(how, isSynchronous(name) ? 'thrown' : 'rejected')
      t.is(error.constructor, TypeError)
      t.is(error.code, 'ERR_POOL_INVALID_OPTION')
      t.true(error.message.startsWith(`unknown option '${option}' (got 5)`), error.message)
      t.true(error.message.includes(Object.keys(table)[0] ?? '?'), error.message)
    }
    const { error } = await refusal(() => call(pool, { [Symbol('chunkSize')]: 1 }))
    t.regex(error.message, /^unknown option 'Symbol\(chunkSize\)'/)
    t.deepEqual(pool.workers, [])
  })

  test(`${name}: options that are not an object are refused`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    for (const options of [null, 0, 5, '', 'fast', true, [], [1], () => ({}), Symbol('x'), 1n]) {
      const { how, error } = await refusal(() => call(pool, options))
      t.is(how, isSynchronous(name) ? 'thrown' : 'rejected')
      t.is(error.constructor, TypeError, error.message)
      t.is(error.code, 'ERR_POOL_INVALID_OPTION')
      t.regex(error.message, /^options must be an object, got /)
    }
    t.deepEqual(pool.workers, [])
  })

  test(`${name}: an error from the getter of an option is passed on`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const option = Object.keys(table)[0] ?? ''
    const mine = new Error('mine')
    const options = Object.defineProperty({}, option, {
      enumerable: true,
      get: () => {
        throw mine
      }
    })
    t.is((await refusal(() => call(pool, options))).error, mine)
  })
}

for (const [name, call] of Object.entries(maps)) {
  test(`${name}: items that cannot be iterated over are refused`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const method = pool[name as 'map'].bind(pool) as unknown as (fn: unknown, items: unknown) => unknown
    const bad = [5, 0, null, undefined, {}, { length: 1, 0: 1 }, true, 1n, Symbol('x'), same, new WeakSet()]
    for (const items of [...bad, { [Symbol.iterator]: 5 }, new ArrayBuffer(8), new DataView(new ArrayBuffer(8))]) {
      const { how, error } = await refusal(() => method(same, items))
      t.is(how, isSynchronous(name) ? 'thrown' : 'rejected')
      t.is(error.constructor, TypeError, inspect(items))
      t.is(error.code, 'ERR_POOL_INVALID_OPTION')
      t.regex(error.message, /^items must be an iterable or an async iterable, got /)
    }
    t.deepEqual(pool.workers, [])
  })

  test(`${name}: a value that is no function is refused`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const method = pool[name as 'map'].bind(pool) as unknown as (fn: unknown, items: unknown) => unknown
    for (const fn of [5, null, undefined, 'Math.sqrt', {}, [], { url: 'file:///x.mjs', name: 'f' }, Symbol('x')]) {
      const { how, error } = await refusal(() => method(fn, [1]))
      t.is(how, isSynchronous(name) ? 'thrown' : 'rejected')
      t.is(error.constructor, TypeError)
      t.is(error.code, 'ERR_POOL_INVALID_OPTION')
      t.regex(error.message, /^fn must be a function, .+, got /s)
    }
    t.deepEqual(pool.workers, [])
  })

  test(`${name}: options may be frozen, without a prototype, and are read once, at the call`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    let reads = 0
    const options = {
      get chunkSize() {
        reads++
        return 1
      }
    }
    const inherited = Object.create({ chunkSize: 'inherited', nonsense: 1 }) as object
    for (const good of [options, inherited, Object.freeze({ chunkSize: 2 }), { __proto__: null, chunkSize: 1 }]) {
      await drain(call(pool, good))
    }
    await drain(call(pool, { chunkSize: undefined, nonsense: undefined }))
    t.is(reads, 1)
  })
}

/** Takes what a promise or an iterator gives. */
async function drain(result: unknown): Promise<readonly unknown[]> {
  if (result instanceof Promise) return (await result) as readonly unknown[]
  const all: unknown[] = []
  for await (const value of result as AsyncIterable<unknown>) all.push(value)
  return all
}

test('args that are not an array are refused', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const apply = pool.apply.bind(pool) as unknown as (fn: unknown, args: unknown) => Promise<unknown>
  for (const args of [null, 5, 'ab', {}, { length: 1 }, new Set([1]), new Uint8Array(1), same]) {
    const { how, error } = await refusal(() => apply(same, args))
    t.is(how, 'rejected')
    t.is(error.constructor, TypeError)
    t.is(error.code, 'ERR_POOL_INVALID_OPTION')
    t.regex(error.message, /^args must be an array of arguments, got /)
  }
  for (const fn of [5, null, undefined, 'f', {}]) {
    const { error } = await refusal(() => apply(fn, []))
    t.regex(error.message, /^fn must be a function, .+, got /s)
  }
  t.deepEqual(pool.workers, [])
})

test('a pool works after refusals, and does not count them', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  await refusal(() => pool.map(same, 5 as never))
  await refusal(() => pool.apply(same, [1], { dashboard: true } as object))
  t.is(pool.stats.submitted, 0)
  t.deepEqual(await pool.map(same, [1, 2]), [1, 2])
  t.is(pool.stats.submitted, 2)
})

test('changes after the call have no effect', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const args = [{ n: 1 }, 2]
  const applied = pool.apply((a: { n: number }, b: number) => [a.n, b], args as [{ n: number }, number])
  args[0] = { n: 100 }
  args.push(3)

  const options = { spread: true, chunkSize: 1 } as const
  const mapped = pool.map((a: number, b: number) => a + b, [[1, 2]], options)
  Object.assign(options, { spread: false, chunkSize: -1, nonsense: 1 })

  const items = [1, 2, 3]
  const iteratorOptions = { chunkSize: 1, iterableLength: 2 }
  const iterator = pool.imap((x: number) => x, items, iteratorOptions)
  iteratorOptions.iterableLength = 0
  items.push(4)
  t.deepEqual(await applied, [1, 2])
  t.deepEqual(await mapped, [3])
  t.deepEqual(await drain(iterator), [1, 2])
})

test('the options of a pool are copied by its constructor', async (t) => {
  const env: Record<string, string> = { PATH: '/bin', WORD: 'before' }
  const options = { nJobs: 1, env, chunkSize: 1, execArgv: ['--no-warnings'] }
  const { pool } = watchedPool(t, options)
  env['WORD'] = 'after'
  Object.assign(options, { nJobs: -1, chunkSize: -1 })
  options.execArgv.push('--no-such-option')
  t.is(await pool.apply(() => process.env['WORD']), 'before')
})

test('task() and tasks() refuse a value that names no module', async (t) => {
  for (const url of [5, null, undefined, {}, [], same, Symbol('x')]) {
    for (const make of [() => task(url as never), () => tasks(url as never)]) {
      const { how, error } = await refusal(make)
      t.is(how, 'thrown')
      t.is(error.constructor, TypeError)
      t.is(error.code, 'ERR_POOL_INVALID_OPTION')
    }
  }
  for (const url of ['./jobs.mjs', 'jobs', '', 'https://example.org/x.mjs', 'file://host/x.mjs', '/a\0b']) {
    const { error } = await refusal(() => task(url))
    t.is(error.constructor, RangeError, url)
    t.regex(error.message, /^url must be /)
  }
  for (const name of [5, null, {}, '']) {
    const { error } = await refusal(() => task('file:///x.mjs', name as never))
    t.is(error.name, name === '' ? R : T)
    t.regex(error.message, /^name must be /)
  }
})
