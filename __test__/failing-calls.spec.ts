import { Buffer } from 'node:buffer'

import test, { type ExecutionContext } from 'ava'

import { type MapOptions, type WorkerPool } from '../dist/index.js'
import { RawPool } from '../index.js'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'
import { within } from './helpers/within.js'

const double = (x: number): number => x * 2
const METHODS = ['map', 'mapUnordered', 'mapSettled', 'imap', 'imapUnordered'] as const
type Method = (typeof METHODS)[number]

const broken = new Error('broken on purpose')
function fail(): never {
  throw broken
}

async function consume(results: AsyncIterable<unknown>): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const value of results) values.push(value)
  return values
}

/** How a call ends: its results, or what it is rejected with. */
async function endOf(
  pool: WorkerPool,
  method: Method,
  items: unknown,
  options: MapOptions = {},
  fn: (x: number) => number = double
): Promise<unknown> {
  const run = pool[method].bind(pool) as unknown as (...args: unknown[]) => unknown
  const call = async (): Promise<unknown> => {
    const results = run(fn, items, options)
    return method.startsWith('imap') ? consume(results as AsyncIterable<unknown>) : await (results as Promise<unknown>)
  }
  return within(call(), `${method} does not end`).catch((error: unknown) => error)
}

/** The pool is as good as new, and nothing is left that its end would wait for. */
async function isAsNew(t: ExecutionContext, pool: WorkerPool, what: string): Promise<void> {
  t.deepEqual(await within(pool.map(double, [1, 2, 3]), `${what}: the next call`), [2, 4, 6], what)
}

interface Input {
  /** How often `return()` was called. */
  readonly returned: () => number
  readonly items: object
}

type Step = () => unknown

/** An input that yields 0, 1 and 2, and then does what `last` does. */
function input(isAsync: boolean, last: Step, others: object = {}): Input {
  let at = 0
  let returned = 0
  const next = (): unknown => (at < 3 ? { done: false, value: at++ } : last())
  const iterator = {
    next: isAsync ? async () => next() : next,
    return: () => {
      returned++
      return isAsync ? Promise.resolve({}) : {}
    }
  }
  // Getters stay getters.
  Object.defineProperties(iterator, Object.getOwnPropertyDescriptors(others))
  const open = (): object => iterator
  return { returned: () => returned, items: isAsync ? { [Symbol.asyncIterator]: open } : { [Symbol.iterator]: open } }
}

const throwingGetter = (key: string, rest: object = {}): object =>
  Object.defineProperty({ ...rest }, key, { get: fail })

interface Case {
  readonly last?: Step
  readonly others?: object
  readonly returns: number
  readonly message: RegExp
}

/** What an iterator may do wrong. One whose own `next()` failed has ended, as for `for...of`; any other is told to return, once. */
const failures: Record<string, Case> = {
  'next() throws': { last: fail, returns: 0, message: /broken on purpose/ },
  'a getter of done throws': { last: () => throwingGetter('done'), returns: 1, message: /broken on purpose/ },
  'a getter of value throws': {
    last: () => throwingGetter('value', { done: false }),
    returns: 1,
    message: /broken on purpose/
  },
  'a step is no object': { last: () => 7, returns: 1, message: /next\(\) of its iterator must return an object/ },
  'a step is undefined': {
    last: () => undefined,
    returns: 1,
    message: /next\(\) of its iterator must return an object/
  },
  'next is no function': {
    others: { next: 5 },
    returns: 1,
    message: /next of its iterator must be a function/
  },
  'a getter of next throws': { others: throwingGetter('next'), returns: 1, message: /broken on purpose/ },
  'return() throws as well': {
    last: () => throwingGetter('done'),
    others: { return: () => Promise.reject(new Error('not this one')) },
    returns: 0,
    message: /broken on purpose/
  },
  'a getter of return throws as well': {
    last: () => throwingGetter('done'),
    others: throwingGetter('return'),
    returns: 0,
    message: /broken on purpose/
  },
  'return is no function': { last: () => 7, others: { return: 3 }, returns: 0, message: /must return an object/ }
}

for (const isAsync of [false, true]) {
  const kind = isAsync ? 'an asynchronous' : 'a synchronous'
  testBoth(`a step of ${kind} input that fails ends its call and closes the input`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    for (const [name, { last = () => ({ done: true }), others, returns, message }] of Object.entries(failures)) {
      for (const method of METHODS) {
        const what = `${method}: ${name}`
        const { items, returned } = input(isAsync, last, others)
        const error = await endOf(pool, method, items)
        t.true(error instanceof Error && message.test(error.message), `${what}: ${String(error)}`)
        t.is(returned(), returns, what)
      }
      await isAsNew(t, pool, name)
    }
    await within(pool.stopAndJoin(), 'stopAndJoin')
  })

  testBoth(`any truthy done ends ${kind} input, and value is not read then`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    for (const done of [1, 'yes', {}, Symbol('end'), 2n]) {
      for (const method of METHODS) {
        const { items, returned } = input(isAsync, () => throwingGetter('value', { done }))
        const results = await endOf(pool, method, items)
        t.true(Array.isArray(results) && results.length === 3, `${method}: ${String(results)}`)
        t.is(returned(), 0)
      }
    }
    for (const done of [0, '', null, undefined, Number.NaN]) {
      let left = 2
      const { items } = input(isAsync, () => (left-- > 0 ? { done, value: 9 } : { done: true }))
      t.deepEqual(await endOf(pool, 'map', items), [0, 2, 4, 18, 18])
    }
    await within(pool.stopAndJoin(), 'stopAndJoin')
  })

  testBoth(`${kind} input whose iterator is a function, or cannot be opened`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const key = isAsync ? Symbol.asyncIterator : Symbol.iterator
    let left = 2
    const iterator = Object.assign(() => undefined, { next: () => ({ done: left-- === 0, value: 1 }) })
    t.deepEqual(await endOf(pool, 'map', { [key]: () => iterator }), [2, 2])
    for (const method of METHODS) {
      t.is(await endOf(pool, method, { [key]: fail }), broken)
      t.regex(String(await endOf(pool, method, { [key]: () => 4 })), /its iterator method must return an object/)
      t.is(await endOf(pool, method, throwingGetter(key as unknown as string)), broken)
    }
    await isAsNew(t, pool, 'opening')
    await within(pool.stopAndJoin(), 'stopAndJoin')
  })

  testBoth(`${kind} input that fails after its call was ended from within`, async (t) => {
    for (const method of METHODS) {
      const { pool } = watchedPool(t, { nJobs: 1 })
      const controller = new AbortController()
      const { items, returned } = input(isAsync, () => {
        controller.abort('enough')
        return { done: false, value: 1 }
      })
      t.is(await endOf(pool, method, items, { signal: controller.signal }), 'enough')
      t.is(returned(), 1, method)
      await within(pool.stopAndJoin(), 'stopAndJoin')
    }
  })
}

testBoth('array-likes have the length that the language gives them', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const withLength = (length: unknown, list: number[] = [1, 2, 3]): unknown =>
    new Proxy(list, { get: (target, key) => (key === 'length' ? length : (Reflect.get(target, key) as unknown)) })
  const lengths: [unknown, unknown][] = [
    ['2', [2, 4]],
    [2.9, [2, 4]],
    [Number.NaN, []],
    [-1, []],
    [-Infinity, []],
    ['three', []],
    [null, []],
    [undefined, []],
    [true, [2]],
    [{ valueOf: () => 3 }, [2, 4, 6]],
    [5, [2, 4, 6, Number.NaN, Number.NaN]]
  ]
  for (const [length, expected] of lengths) {
    for (const options of [{}, { nSplits: 2 }, { chunkSize: 2 }]) {
      t.deepEqual(await endOf(pool, 'map', withLength(length), options), expected, String(length))
    }
  }
  for (const length of [Symbol('length'), 1n, { valueOf: fail }]) {
    for (const method of METHODS) t.true((await endOf(pool, method, withLength(length))) instanceof Error)
  }
  const failing = new Proxy([1, 2, 3], {
    get: (list, key) => (key === '1' ? fail() : (Reflect.get(list, key) as unknown))
  })
  for (const method of METHODS) t.is(await endOf(pool, method, failing), broken)
  const typed = Object.defineProperty(new Uint8Array([1, 2, 3]), 'length', { value: 99 })
  t.deepEqual(await endOf(pool, 'map', typed), [2, 4, 6])
  await within(pool.stopAndJoin(), 'stopAndJoin')
})

testBoth('the size of a Set or a Map is a hint that may be wrong', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const size of [Number.NaN, Infinity, -5, 'many', 10 ** 9]) {
    const set = Object.defineProperty(new Set([1, 2, 3]), 'size', { value: size })
    for (const options of [{}, { nSplits: 2 }, { nSplits: 1 }])
      t.deepEqual(await endOf(pool, 'map', set, options), [2, 4, 6])
  }
  const sizeless = Object.defineProperty(new Set([1]), 'size', { get: fail })
  t.deepEqual(await endOf(pool, 'map', sizeless), [2])
  await within(pool.stopAndJoin(), 'stopAndJoin')
})

testBoth('options, arguments and items whose getters throw leave nothing behind', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const option of ['chunkSize', 'signal', 'context', 'taskTimeout', 'noSuchOption']) {
    const options = Object.defineProperty({}, option, { get: fail, enumerable: true })
    for (const method of METHODS) t.is(await endOf(pool, method, [1], options), broken)
    await t.throwsAsync(pool.apply(double, [1], options), { is: broken })
  }
  const item = Object.defineProperty({}, 'x', { get: fail, enumerable: true })
  for (const method of METHODS) {
    if (method === 'mapSettled') continue
    const { items, returned } = input(false, () => ({ done: false, value: item }))
    t.is(await endOf(pool, method, items), broken, method)
    t.is(returned(), 1, method)
  }
  await t.throwsAsync(
    pool.apply((x: object) => x, [item]),
    { is: broken }
  )
  const hostile: [number] = new Proxy([1], { get: fail })
  t.is(await pool.apply(double, hostile).catch((error: unknown) => (error as Error).name), 'NotSerializableError')
  await isAsNew(t, pool, 'getters')
  await within(pool.stopAndJoin(), 'stopAndJoin')
})

testBoth('a getter may throw an object whose every property throws', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const raise = (): never => {
    throw proxy
  }
  const item = Object.defineProperty({}, 'x', { enumerable: true, get: raise })
  const isProxy = async (call: Promise<unknown>): Promise<boolean> => {
    return call.then(
      () => false,
      (error: unknown) => error === proxy
    )
  }
  t.true(await isProxy(pool.map(double, { [Symbol.iterator]: raise })))
  t.true(await isProxy(pool.map((x: object) => x, [item])))
  t.true(await isProxy(pool.imap(double, { [Symbol.asyncIterator]: raise }).next()))
  t.true(await isProxy(pool.imapUnordered((x: object) => x, [item]).next()))
  t.true(await isProxy(pool.apply((x: object) => x, [item])))
  await within(pool.stopAndJoin(), 'stopAndJoin')
})

// The prototype is shared by all pools of this process: one test at a time, in this file alone.
for (const method of ['submit', 'define'] as const) {
  test.serial(`a call ends if the core's ${method}() throws`, async (t) => {
    const offset = 1
    const byValue = (x: number): number => x + offset
    const { pool } = watchedPool(t, { nJobs: 1 })
    t.is(await pool.apply(double, [2]), 4)
    const original = Object.getOwnPropertyDescriptor(RawPool.prototype, method) ?? {}
    const calls = [
      ...METHODS.map((name) => () => endOf(pool, name, [1, 2], {}, byValue)),
      ...METHODS.map((name) => () => endOf(pool, name, input(true, () => ({ done: true })).items, {}, (x) => x * 3)),
      () => within(pool.apply(byValue, [1]), 'apply').catch((error: unknown) => error)
    ]
    Object.defineProperty(RawPool.prototype, method, { ...original, value: fail })
    const results = await Promise.all(calls.map((call) => call()))
    Object.defineProperty(RawPool.prototype, method, original)
    for (const result of results) t.is(result, broken)
    await isAsNew(t, pool, method)
    await within(pool.stopAndJoin(), 'stopAndJoin')
  })
}

testBoth.serial('a call ends if there is no memory for its items', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  await isAsNew(t, pool, 'before')
  const { allocUnsafeSlow } = Buffer
  const text = 'x'.repeat(300_000)
  const length = (s: string): number => s.length
  Buffer.allocUnsafeSlow = (size) => (size > 200_000 ? fail() : allocUnsafeSlow(size))
  try {
    for (const method of METHODS) {
      const run = pool[method].bind(pool) as unknown as (...args: unknown[]) => unknown
      const results = run(length, [text])
      const end = method.startsWith('imap') ? consume(results as AsyncIterable<unknown>) : (results as Promise<unknown>)
      const error = await within(end, method).then(
        (list) => (list as [PromiseRejectedResult])[0].reason as unknown,
        (reason: unknown) => reason
      )
      t.regex(String(error), /items\[0\] cannot be sent to another process: no memory for a message/)
    }
    await t.throwsAsync(pool.apply(length, [text]), { message: /args\[0\] .*no memory/ })
  } finally {
    Buffer.allocUnsafeSlow = allocUnsafeSlow
  }
  t.is(await pool.apply(length, [text]), 300_000)
  await within(pool.stopAndJoin(), 'stopAndJoin')
})
