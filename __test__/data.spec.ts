import assert from 'node:assert'
import { NotSerializableError, PoolError, tasks, type WorkerPool } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-data.mjs'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-data.mjs', import.meta.url))
const same = jobs.same as never as (x: unknown) => unknown

function cyclic(): unknown {
  const node: Record<string, unknown> = { name: 'a' }
  node['self'] = node
  node['list'] = [node, new Map<unknown, unknown>([[node, new Set([node])]])]
  return node
}

function holes(): unknown[] {
  const array: unknown[] = [1]
  array[4] = undefined
  return Object.assign(array, { named: true })
}

class Point {
  readonly #hidden = 1
  x = 1
  get y(): number {
    return this.#hidden
  }
}

// Those that structured clone keeps as they are.
const cloned: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  127,
  128,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  0.1,
  NaN,
  Infinity,
  -Infinity,
  5e-324,
  0n,
  -1n,
  2n ** 64n,
  -(3n ** 500n),
  '',
  'a',
  'ä',
  'ÿĀ',
  '\0',
  '😀',
  '\ud800',
  '\udfff\ud800',
  'x'.repeat(1000),
  new Date(0),
  /a+(?<b>c)/dgimsuy,
  new Map<unknown, unknown>([[1, 'a'], [NaN, -0], [{ k: 1 }, new Map()]]), // prettier-ignore
  new Set<unknown>([1, 'a', undefined, new Set([0])]),
  [],
  [[], [[]]],
  [undefined, null, -0],
  holes(),
  Array(3),
  {},
  { a: 1, b: { c: [1, { d: undefined }] } },
  { 'a b': 1, '': 2, 0: 3, constructor: 5, toString: 1 },
  JSON.parse('{"__proto__": {"polluted": true}}'),
  Object(5),
  Object('text'),
  Object(false),
  Object(7n),
  new Int8Array([-1, 2]),
  new Uint8ClampedArray([255]),
  new Float64Array([1.5, -0, NaN]),
  new BigInt64Array([-1n]),
  new BigUint64Array([2n ** 63n]),
  new Uint16Array(new Uint8Array([0, 1, 2, 3, 4, 5]).buffer, 2, 1),
  new DataView(new Uint8Array([1, 2, 3]).buffer, 1),
  new ArrayBuffer(0),
  new Uint8Array([1, 2, 3]).buffer,
  new Point(),
  cyclic()
]

/** Each way in which a value travels to a worker and back. */
const ways: Readonly<Record<string, (pool: WorkerPool, values: readonly unknown[]) => Promise<readonly unknown[]>>> = {
  apply: (pool, values) => Promise.all(values.map((value) => pool.apply(same, [value]))),
  'map in one chunk': (pool, values) => pool.map(same, values, { chunkSize: values.length }),
  'map in many chunks': (pool, values) => pool.map(same, values, { chunkSize: 1 }),
  'map untuned': (pool, values) => pool.map(same, values),
  imap: async (pool, values) => {
    const all: unknown[] = []
    for await (const value of pool.imap(same, values, { chunkSize: 7 })) all.push(value)
    return all
  },
  mapSettled: async (pool, values) => {
    const settled = await pool.mapSettled(same, values, { chunkSize: 5 })
    return settled.map((result) => (result.status === 'fulfilled' ? result.value : result))
  }
}

for (const [way, send] of Object.entries(ways)) {
  testBoth.serial(`${way} keeps what structured clone keeps`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const back = await send(pool, cloned)
    for (const [index, value] of cloned.entries()) assert.deepStrictEqual(back[index], structuredClone(value))
    t.is(back.length, cloned.length)
    // Two of them are never deeply equal on Node 20.
    t.deepEqual((await send(pool, [new Date(NaN)])).map(Number), [NaN])
  })

  testBoth.serial(`${way} copies Buffers, which stay Buffers, without the memory beside them`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const pooled = Array.from({ length: 20 }, (_, n) => Buffer.from(`secret ${n}`))
    const part = Buffer.alloc(1000, 1).subarray(10, 20)
    const typed = new Uint8Array(pooled[0]?.buffer ?? new ArrayBuffer(0), pooled[0]?.byteOffset, 3)
    const values = [...pooled, part, Buffer.alloc(0), { deep: [part] }, typed]
    const before = structuredClone(values)
    const back = await send(pool, values)
    assert.deepStrictEqual(back, values)
    assert.deepStrictEqual(structuredClone(values), before, 'the originals are as they were')
    for (const [index, buffer] of back.slice(0, 22).entries()) {
      t.true(Buffer.isBuffer(buffer))
      const { buffer: memory } = buffer as Buffer
      t.false(Buffer.from(memory).includes(`secret ${(index + 1) % 20}`) && memory.byteLength < 4096)
    }
    t.is((back.at(-1) as Uint8Array).buffer.byteLength, 3)
  })
}

testBoth.serial('an object is shared within one item and not between the items of a chunk', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const shared = { a: 1 }
  const pair: [unknown, unknown] = [shared, shared]
  t.deepEqual(await pool.map(jobs.seen, [pair, pair, [shared, { a: 1 }]], { chunkSize: 3 }), [true, true, false])
  const back = (await pool.map(same, [pair, pair, shared], { chunkSize: 3 })) as [unknown[], unknown[], unknown]
  t.is(back[0][0], back[0][1])
  t.not(back[0][0], back[1][0])
  t.not(back[0][0], back[2])
  t.true((await pool.apply((a: unknown, b: unknown) => a === b, [shared, shared])) as boolean)
})

for (const length of [0, 1, 255, 65_536, 300_000, 100_000_000]) {
  testBoth.serial(`strings and Buffers of ${length} arrive whole, both ways`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    for (const kind of ['string', 'wide', 'buffer'] as const) {
      // Pairs of two-byte characters; fewer of them, as a large one takes its time.
      const count = kind === 'wide' ? Math.floor(length / 16) * 2 : length
      const value = (await pool.apply(jobs.make as never, [kind, count])) as string | Buffer
      t.is(value.length, count)
      const [described] = await pool.map(jobs.describe as never, [value])
      const ends =
        typeof value === 'string' ? [value.charCodeAt(0), value.charCodeAt(count - 1)] : [value[0], value.at(-1)]
      t.deepEqual(described, [count, ...ends] as never)
    }
  })
}

testBoth.serial('an item that cannot be sent fails its task alone, with the path', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const items = [
    0,
    1,
    { a: [{ callback() {} }] },
    3,
    Symbol('x'),
    new Map([['k', Promise.resolve()]]),
    6,
    new URL('x:y')
  ]
  for (const chunkSize of [1, 3, items.length]) {
    const settled = await pool.mapSettled(same, items, { chunkSize })
    const paths = settled.map((result) => {
      if (result.status === 'fulfilled') return result.value
      t.true(result.reason instanceof NotSerializableError && result.reason instanceof PoolError)
      t.is(result.reason.code, 'ERR_POOL_NOT_SERIALIZABLE')
      t.true(result.reason.message.startsWith(result.reason.path))
      return result.reason.path
    })
    t.deepEqual(paths, [0, 1, 'items[2].a[0].callback', 3, 'items[4]', 'items[5].get("k")', 6, 'items[7]'])
  }
  await t.throwsAsync(pool.map(same, items), {
    instanceOf: NotSerializableError,
    message: /^items\[2\]\.a\[0\]\.callback/
  })
  const seen: unknown[] = []
  const iterate = async (): Promise<void> => {
    for await (const value of pool.imap(same, items, { chunkSize: 3 })) seen.push(value)
  }
  await t.throwsAsync(iterate, { code: 'ERR_POOL_NOT_SERIALIZABLE' })
  t.deepEqual(seen, [0, 1])
})

testBoth.serial('an argument that cannot be sent rejects its apply alone, with the path', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const before = pool.apply(same, [1])
  const error = await t.throwsAsync(pool.apply(same, [{ x: () => 1 }]), { instanceOf: NotSerializableError })
  t.is(error.path, 'args[0].x')
  await t.throwsAsync(pool.apply(same as never, [1, Symbol('s')] as never), { message: /^args\[1\] / })
  t.is(await before, 1)
  t.is(await pool.apply(same, [2]), 2)
})

for (const [name, fn] of Object.entries({ synchronous: jobs.results, asynchronous: jobs.resultsLater })) {
  testBoth.serial(`a result of a ${name} task that cannot be sent fails its task alone`, async (t) => {
    const { pool, exits } = watchedPool(t, { nJobs: 1 })
    const kinds = ['a', 'function', 'b', 'getter', 'symbol', 'getter of nothing', 'then getter', 'c']
    for (const chunkSize of [1, 3, kinds.length]) {
      const settled = await pool.mapSettled(fn as never, kinds as never, { chunkSize })
      const outcomes = settled.map((result) => {
        if (result.status === 'fulfilled') return result.value
        const reason = result.reason as { path?: unknown; message?: unknown }
        return reason.path ?? reason.message
      })
      t.deepEqual(outcomes, ['a', 'result.y', 'b', 'from a getter', 'result[1]', undefined, 'from then', 'c'] as never)
    }
    for (const kind of ['function', 'getter', 'getter of nothing']) {
      await t.throwsAsync(pool.map(fn as never, ['a', kind, 'b'] as never, { chunkSize: 3 }), { any: true })
      await t.throwsAsync(pool.apply(fn as never, [kind] as never), { any: true })
    }
    t.is(await pool.apply(fn as never, ['a'] as never), 'a' as never)
    t.deepEqual(exits, [])
  })
}

testBoth.serial(
  'the error of a getter that throws while an item is encoded fails its task alone, unchanged',
  async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const mine = new TypeError('mine')
    const { stack } = mine
    const bad = {
      a: [1],
      get b() {
        throw mine
      }
    }
    const [first, second, third] = await pool.mapSettled(same, [1, bad, 3], { chunkSize: 3 })
    t.deepEqual([first, third], [{ status: 'fulfilled', value: 1 }, { status: 'fulfilled', value: 3 }] as never) // prettier-ignore
    t.is(second?.status === 'rejected' && second.reason, mine)
    t.is(await t.throwsAsync(pool.apply(same, [bad])), mine)
    t.is(await t.throwsAsync(pool.map(same, [1, bad, 3])), mine)
    t.is(mine.stack, stack, 'its own place says more than the call')
  }
)

testBoth.serial('an item whose getter uses the pool again does not disturb the others', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const inner: Promise<unknown>[] = []
  const item = (n: number): object => ({
    before: 'x'.repeat(n * 1000),
    get n() {
      inner.push(pool.apply(same, [{ n }]), ...(n > 5 ? [] : [pool.map(same, [n, n])]))
      return n
    },
    after: [n]
  })
  const items = Array.from({ length: 20 }, (_, n) => item(n))
  const back = (await pool.map(same, items, { chunkSize: 6 })) as { n: number; after: number[]; before: string }[]
  t.deepEqual(back.map(({ n, after, before }) => [n, after[0], before.length]), items.map((_, n) => [n, n, n * 1000])) // prettier-ignore
  t.is((await Promise.all(inner)).length, 26)
})

testBoth.serial('an item whose getter terminates the pool ends its call and no other', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const item = {
    get n() {
      void pool.terminate()
      return 1
    }
  }
  await t.throwsAsync(pool.map(same, [item, item]), { code: 'ERR_POOL_TERMINATED' })
  const { pool: other } = watchedPool(t, { nJobs: 1 })
  const closing = {
    get n() {
      void other.terminate()
      return 1
    }
  }
  await t.throwsAsync(other.apply(same, [closing]), { code: 'ERR_POOL_TERMINATED' })
})

testBoth.serial('items nested as deep as they can be sent never turn into other items', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  // The encoder goes deeper once it is compiled; the worker's decoder is cold.
  const nest = (depth: number): unknown[] => {
    let value: unknown[] = []
    for (let level = 1; level < depth; level++) value = [value]
    return value
  }
  for (let round = 0; round < 300; round++) await pool.mapSettled(same, [Symbol.iterator, nest(500)]).catch(() => 0)
  for (const depth of [2000, 2001, 5000, 7000]) {
    const { pool: cold } = watchedPool(t, { nJobs: 1 })
    const settled = await cold.mapSettled(jobs.depthOf as never, [nest(3), nest(depth), nest(5), nest(1)] as never, {
      chunkSize: 4
    })
    const depths = settled.map((result) => (result.status === 'fulfilled' ? result.value : result.reason))
    for (const [index, wanted] of [3, depth, 5, 1].entries()) {
      const got = depths[index] as unknown
      if (index === 1 && depth > 2000) t.true(got instanceof NotSerializableError, `${depth}: ${String(got)}`)
      else t.is(got, wanted)
    }
  }
})
