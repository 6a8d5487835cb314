import test from 'ava'

import {
  ConcatenationError,
  type Progress,
  sharedArray,
  type TaskContext,
  WorkerPool,
  type WorkerPoolOptions
} from '../dist/index.js'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'

const SLICES = { slices: true } as const
const PASS = { passContext: true } as const
const JOINED = { concatenate: true } as const

type Elements = { readonly length: number; readonly [index: number]: unknown } & ArrayBufferView & Iterable<unknown>

const names = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array'
]

interface Make {
  new (from: readonly unknown[] | number): Elements
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): Elements
}

/** The kinds of typed arrays that this Node has. */
const kinds = names.flatMap((name) => {
  const make: unknown = Reflect.get(globalThis, name)
  return typeof make === 'function' ? [[name, make as unknown as Make] as const] : []
})

const content = (name: string, length: number): readonly unknown[] =>
  Array.from({ length }, (_, at) => (name.startsWith('Big') ? BigInt(at * 7) : at * 7))

async function all<T>(results: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = []
  for await (const result of results) got.push(result)
  return got
}

/** What a worker finds out about a slice. */
const look = (slice: Elements): unknown => ({
  name: Object.prototype.toString.call(slice),
  isBuffer: Buffer.isBuffer(slice),
  elements: [...slice],
  unused: slice.buffer.byteLength - slice.byteLength
})

testBoth('without slices, a typed array of any kind hands its elements, in every call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const typeOf = (element: unknown): unknown => [typeof element, element]
  for (const [name, make] of kinds) {
    const values = content(name, 5)
    const expected = values.map(typeOf)
    for (const items of [new make(values), sharedArray(make as never, values as never) as unknown as Elements]) {
      t.deepEqual(await pool.map(typeOf, items), expected, name)
      t.deepEqual((await pool.mapUnordered(typeOf, items, { chunkSize: 5 })).length, 5)
      t.deepEqual(await pool.mapSettled(typeOf, items), expected.map((value) => ({ status: 'fulfilled', value }))) // prettier-ignore
      t.deepEqual(await all(pool.imap(typeOf, items)), expected)
      t.is((await all(pool.imapUnordered(typeOf, items))).length, 5)
      t.is((await all(pool.imapSettled(typeOf, items))).length, 5)
      t.is((await all(pool.imapSettledUnordered(typeOf, items))).length, 5)
    }
  }
  t.deepEqual(await pool.map(typeOf, Buffer.from([1, 2])), [1, 2].map(typeOf))
  t.deepEqual(await pool.map(typeOf, new Uint8Array(new SharedArrayBuffer(2))), [0, 0].map(typeOf))
  t.deepEqual(await pool.map(typeOf, new Float64Array(0)), [])
})

testBoth('slices are parts of the same kind, and nothing else of the array is sent', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const [name, make] of kinds) {
    const values = content(name, 10)
    const bytes = (new make(1) as unknown as Uint8Array).BYTES_PER_ELEMENT
    const whole = new make(content(name, 14))
    const expected = [[0, 4], [4, 8], [8, 10]].map(([from, to]) => ({ name: `[object ${name}]`, isBuffer: false, elements: values.slice(from, to), unused: 0 })) // prettier-ignore
    t.deepEqual(await pool.map(look as never, new make(values) as never, { ...SLICES, chunkSize: 4 }), expected)
    const inner = new make(whole.buffer, 2 * bytes, 4)
    t.deepEqual(await pool.map(look as never, inner as never, { ...SLICES, nSplits: 1 }), [
      { name: `[object ${name}]`, isBuffer: false, elements: content(name, 6).slice(2), unused: 0 }
    ])
  }
  const [first] = (await pool.map(look, Buffer.from('abc'), { ...SLICES, chunkSize: 2 })) as { isBuffer: boolean }[]
  t.true(first?.isBuffer)
  const shared = new Int16Array(new SharedArrayBuffer(8)).fill(3)
  t.deepEqual(await pool.map((slice: Int16Array) => [...slice], shared, { ...SLICES, chunkSize: 3 }), [[3, 3, 3], [3]])
  class Own extends Float64Array {}
  const own = await pool.map((slice: Float64Array) => slice.join(), new Own([1, 2, 3]), { ...SLICES, chunkSize: 2 })
  t.deepEqual(own, ['1,2', '3'])
})

testBoth('slices of a shared array are views of its memory', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const [name, make] of kinds) {
    const array = sharedArray(make as never, 10) as unknown as Elements & { subarray(from: number): Elements }
    const write = (slice: Record<number, unknown> & Elements, { index }: TaskContext): unknown => {
      for (let at = 0; at < slice.length; at++)
        slice[at] = typeof slice[at] === 'bigint' ? BigInt(index + 1) : index + 1
      return [slice.byteOffset, slice.buffer.byteLength - slice.byteLength > 0, 'release' in slice]
    }
    const seen = await pool.map(write as never, array.subarray(2) as never, { ...SLICES, ...PASS, chunkSize: 3 })
    const bytes = (array as unknown as Uint8Array).BYTES_PER_ELEMENT
    t.deepEqual(seen, [2, 5, 8].map((at) => [at * bytes, true, true]), name) // prettier-ignore
    t.deepEqual([...array].map(Number), [0, 0, 1, 1, 1, 2, 2, 2, 3, 3])
  }
  const bytes = Buffer.from(sharedArray(Uint8Array, 4).buffer as ArrayBuffer)
  const fill = (slice: Buffer): unknown => Buffer.isBuffer(slice.fill(9))
  t.deepEqual(await pool.map(fill, bytes, { ...SLICES, chunkSize: 2 }), [true, true])
  t.deepEqual([...bytes], [9, 9, 9, 9])
})

test('without a size there are four slices per worker, whose lengths differ by at most one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const lengths = async (length: number, options: object = {}): Promise<readonly number[]> =>
    await pool.map((slice: Uint8Array) => slice.length, new Uint8Array(length), { ...SLICES, ...options })
  t.deepEqual(await lengths(19), [3, 2, 3, 2, 2, 3, 2, 2])
  t.deepEqual(await lengths(80), [10, 10, 10, 10, 10, 10, 10, 10])
  t.deepEqual(await lengths(3), [1, 1, 1])
  t.deepEqual(await lengths(0), [])
  t.deepEqual(await lengths(10, { nSplits: 3 }), [4, 3, 3])
  t.deepEqual(await lengths(10, { nSplits: 6 }), [2, 2, 1, 2, 2, 1])
  t.deepEqual(await lengths(2, { nSplits: 2 ** 52 }), [1, 1])
  t.deepEqual(await lengths(5, { chunkSize: 100 }), [5])
  t.deepEqual(await lengths(5, { chunkSize: 2, nSplits: 1 }), [2, 2, 1], 'chunkSize wins')
  t.deepEqual(await lengths(10, { chunkSize: 4, iterableLength: 6 }), [4, 2])
  t.deepEqual(await lengths(10, { iterableLength: 0 }), [])
  t.deepEqual(await lengths(10, { chunkSize: 3, maxTasksActive: 1 }), [3, 3, 3, 1], 'it counts slices')
  await pool.resize(1)
  t.deepEqual(await lengths(8), [2, 2, 2, 2])
  for (let length = 1; length < 40; length++) {
    for (const nSplits of [1, 2, 7, 39]) {
      const got = await lengths(length, { nSplits })
      t.is(got.length, Math.min(length, nSplits))
      t.is(got.reduce((sum, each) => sum + each), length) // prettier-ignore
      t.true(Math.max(...got) - Math.min(...got) <= 1)
    }
  }
})

testBoth('a slice is one item: its index, its result, its progress and its failure', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const array = Float64Array.from({ length: 10 }, (_, at) => at)
  const options = { ...SLICES, chunkSize: 4 }
  const sum = (slice: Float64Array): number => slice.reduce((a, b) => a + b, 0)
  const indexOf = (_slice: Float64Array, { index }: TaskContext): number => index
  t.deepEqual(await pool.map(indexOf, array, { ...options, ...PASS }), [0, 1, 2])
  const sums = [{ index: 0, value: 6 }, { index: 1, value: 22 }, { index: 2, value: 17 }] // prettier-ignore
  t.deepEqual(await pool.map(sum, array, options), [6, 22, 17])
  const unordered = await pool.mapUnordered(sum, array, { ...options, withIndex: true })
  t.deepEqual(unordered.toSorted((a, b) => a.index - b.index), sums) // prettier-ignore
  t.deepEqual(await all(pool.imap(sum, array, options)), [6, 22, 17])
  t.deepEqual((await all(pool.imapUnordered(sum, array, options))).toSorted(), [17, 22, 6])
  const last: Progress[] = []
  await pool.map(sum, array, { ...options, onProgress: (progress) => last.splice(0, 1, progress) })
  t.deepEqual([last[0]?.done, last[0]?.total], [3, 3])
  const odd = (slice: Float64Array): number => {
    if (slice[0] === 4) throw new Error('four')
    return slice.length
  }
  const settled = await pool.mapSettled(odd, array, options)
  t.deepEqual(settled.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']) // prettier-ignore
  t.is((await all(pool.imapSettled(odd, array, options)))[1]?.index, 1)
  await t.throwsAsync(pool.map(odd, array, options), { message: 'four' })
})

test('slices have orderTasks, retries and lifespans as other items do', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const workerIdOf = (_slice: Uint8Array, { workerId }: TaskContext): number => workerId
  const options = { ...SLICES, ...PASS, orderTasks: true } as const
  t.deepEqual(await pool.map(workerIdOf, new Uint8Array(100), options), [0, 1, 0, 1, 0, 1, 0, 1])
  const tries = sharedArray(Int32Array, 1)
  const dieOnce = (slice: Uint8Array): number => {
    if (slice[0] === 1 && Atomics.add(tries, 0, 1) === 0) process.exit(3)
    return slice.length
  }
  const array = new Uint8Array([0, 0, 1, 0, 0])
  const lengths = await pool.map(dieOnce, array, { ...SLICES, chunkSize: 2, retries: 1, workerLifespan: 1 })
  t.deepEqual(lengths, [2, 2, 1])
  t.is(tries[0], 2)
})

testBoth('results are joined into one array of their kind', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const [name, make] of kinds) {
    const array = new make(content(name, 21))
    const same = (slice: Elements): Elements => slice
    const joined = await pool.map(same as never, array as never, { ...SLICES, ...JOINED, nSplits: 5 })
    t.deepEqual(joined as unknown, array, name)
    t.deepEqual((await pool.map(same as never, new make(0) as never, { ...SLICES, ...JOINED })) as unknown, new make(0))
  }
  const twice = await pool.map((slice: Float64Array) => slice.map((x) => x * 2), new Float64Array([1, 2, 3]), {
    ...SLICES,
    ...JOINED
  })
  t.deepEqual(twice, new Float64Array([2, 4, 6]))
  t.is(twice.byteLength, twice.buffer.byteLength)
  const widened = await pool.map((slice: Uint8Array) => Float32Array.from(slice), new Uint8Array([7, 8]), { ...SLICES, ...JOINED }) // prettier-ignore
  t.deepEqual(widened, new Float32Array([7, 8]))
})

testBoth('without slices, any results of one kind are joined, of any length', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const repeat = (count: number): Int16Array => new Int16Array(count).fill(count)
  t.deepEqual(await pool.map(repeat, [2, 0, 1], JOINED), new Int16Array([2, 2, 1]))
  const unordered = await pool.mapUnordered(repeat, [2, 3, 1], JOINED)
  t.deepEqual(unordered.toSorted(), new Int16Array([1, 2, 2, 3, 3, 3]))
  const batched = await pool.map((batch: number[]) => batch.map((x) => new Uint8Array([x])), [1, 2, 3], {
    ...JOINED,
    batch: 2
  })
  t.deepEqual(batched, new Uint8Array([1, 2, 3]))
  const spread = await pool.map((a: number, b: number) => new Uint8Array([a, b]), [[1, 2], [3, 4]] as const, { ...JOINED, spread: true }) // prettier-ignore
  t.deepEqual(spread, new Uint8Array([1, 2, 3, 4]))
  const buffer = await pool.map((text: string) => Buffer.from(text), ['ab', 'c'], JOINED)
  t.true(Buffer.isBuffer(buffer))
  t.is(buffer.toString(), 'abc')
  const mixed = await pool.map((x: number) => (x === 0 ? Buffer.from('a') : new Uint8Array([98])), [0, 1], JOINED)
  t.deepEqual([Buffer.isBuffer(mixed), [...mixed]], [false, [97, 98]])
  const many = await pool.map((x: number) => new Int32Array([x]), Array.from({ length: 5_000 }, (_, at) => at), JOINED) // prettier-ignore
  t.deepEqual(
    many,
    Int32Array.from({ length: 5_000 }, (_, at) => at)
  )
})

test('shared arrays are joined into ordinary memory', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const array = sharedArray(Float64Array, [1, 2, 3, 4])
  const joined = await pool.map((slice: Float64Array) => slice, array, { ...SLICES, ...JOINED, chunkSize: 3 })
  array.fill(0)
  t.deepEqual(joined, new Float64Array([1, 2, 3, 4]))
  t.false('release' in joined)
})

test('the caller makes no arrays for slices: their bytes are copied once, into the message', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const array = new Float64Array(2 ** 22).fill(3)
  const before = process.memoryUsage().arrayBuffers
  const lengths = pool.map((slice: Float64Array) => [slice.length, slice.buffer.byteLength], array, SLICES)
  const made = process.memoryUsage().arrayBuffers - before
  t.true(made < array.byteLength / 4, `${made} bytes`)
  t.deepEqual(
    await lengths,
    Array.from({ length: 8 }, () => [2 ** 19, 2 ** 22])
  )
})

testBoth('slices of a resizable buffer arrive as arrays of their own', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  interface Resizable {
    new (byteLength: number, options: { readonly maxByteLength: number }): ArrayBuffer
  }
  for (const [length, size] of [
    [9, 4],
    [60_000, 50_000]
  ] as const) {
    const buffer = new (ArrayBuffer as unknown as Resizable)(length, { maxByteLength: 2 * length })
    const fixed = new Uint8Array(buffer, 1, length - 2).fill(7)
    const following = new Uint8Array(buffer)
    const seen = (slice: Uint8Array): unknown => [
      slice.length,
      slice.byteOffset,
      slice.buffer.byteLength,
      Reflect.get(slice.buffer, 'resizable') ?? false,
      slice.every((byte) => byte === 7)
    ]
    const rest = length - 2 - size
    t.deepEqual(await pool.map(seen, fixed, { ...SLICES, chunkSize: size }), [
      [size, 0, size, false, true],
      [rest, 0, rest, false, true]
    ])
    following.fill(7)
    t.deepEqual(await pool.map(seen, following, { ...SLICES, nSplits: 1 }), [[length, 0, length, false, true]])
  }
})

const misfits: readonly (readonly [title: string, fn: (item: number) => unknown, index: number, message: RegExp])[] = [
  ['a number', (x) => (x === 1 ? 5 : new Uint8Array(1)), 1, /the result of item 1 is a number$/],
  ['only numbers', (x) => x, 0, /the result of item 0 is a number$/],
  ['an array', (x) => (x === 2 ? [1] : new Uint8Array(1)), 2, /the result of item 2 is an array$/],
  ['undefined', () => undefined, 0, /is undefined$/],
  ['null', () => null, 0, /is null$/],
  ['a string', () => 'text', 0, /is a string$/],
  ['an ArrayBuffer', () => new ArrayBuffer(1), 0, /is an object$/],
  ['a DataView', () => new DataView(new ArrayBuffer(1)), 0, /is a DataView$/],
  ['another kind', (x) => (x === 2 ? new Int8Array(1) : new Float64Array(1)), 2, /the result of item 2 is an Int8Array, and that of item 0 is a Float64Array$/] // prettier-ignore
]

for (const [title, fn, index, message] of misfits) {
  testBoth(`concatenate refuses ${title}, and names the item and the kinds`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const expected = { instanceOf: ConcatenationError, code: 'ERR_POOL_CONCATENATION', message }
    const error = await t.throwsAsync(pool.map(fn as never, [0, 1, 2], { ...JOINED, chunkSize: 1 }), expected)
    t.is(error.index, index)
    t.true(error.stack?.includes('slices.spec'), error.stack)
    await t.throwsAsync(pool.map(fn as never, [0, 1, 2], { ...JOINED, onProgress: () => undefined }), {
      instanceOf: ConcatenationError
    })
    t.deepEqual(await pool.map((x: number) => x, [1]), [1], 'the pool is as good as new')
  })
}

testBoth('without results, only a typed array says what they would make', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const make = (): Uint8Array => new Uint8Array(1)
  const error = await t.throwsAsync(pool.map(make, [], JOINED), { instanceOf: ConcatenationError })
  t.is(error.index, -1)
  t.deepEqual((await pool.map(make, new Float32Array(0), JOINED)) as unknown, new Float32Array(0))
  const none = await pool.map((b: Buffer) => b, Buffer.alloc(0), { ...SLICES, ...JOINED })
  t.true(Buffer.isBuffer(none))
})

testBoth('a failing task rejects a call with concatenate as usual', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const fail = (x: number): Uint8Array => {
    if (x === 3) throw new RangeError('three')
    return new Uint8Array(1)
  }
  await t.throwsAsync(pool.map(fail, [1, 2, 3, 4], JOINED), { instanceOf: RangeError, message: 'three' })
})

const refused: readonly (readonly [string, string, object, RegExp])[] = [
  ['map', 'slices and batch', { slices: true, batch: 2 }, /^slices: it cannot be combined with batch: 2, got true$/],
  ['imap', 'slices and spread', { slices: true, spread: true }, /^slices: it cannot be combined with spread: true/],
  ['map', 'concatenate and withIndex', { concatenate: true, withIndex: true }, /^concatenate: .* withIndex: true/],
  ['mapSettled', 'concatenate', JOINED, /^concatenate: mapSettled has no list of typed arrays to join, got true$/],
  ['imap', 'concatenate', JOINED, /^concatenate: imap has no list/],
  ['imapUnordered', 'concatenate', JOINED, /^concatenate: imapUnordered has no list/],
  ['imapSettled', 'concatenate', JOINED, /^concatenate: imapSettled has no list/],
  ['imapSettledUnordered', 'concatenate', JOINED, /^concatenate: imapSettledUnordered has no list/]
]

for (const [method, what, options, message] of refused) {
  test(`${method} refuses ${what}`, async (t) => {
    const pool = new WorkerPool({ nJobs: 1 })
    const call = async (): Promise<unknown> => {
      const run = Reflect.get(pool, method) as (...args: unknown[]) => unknown
      return await run.call(pool, (x: unknown) => x, new Uint8Array(4), options)
    }
    await t.throwsAsync(call, { name: 'RangeError', code: 'ERR_POOL_INVALID_OPTION', message })
    await pool.stopAndJoin()
  })
}

for (const items of [[1, 2], 'text', new Set([1]), new ArrayBuffer(8), new DataView(new ArrayBuffer(8)), null, 5]) {
  test(`slices need a typed array, and not ${Object.prototype.toString.call(items)}`, async (t) => {
    const pool = new WorkerPool({ nJobs: 1 })
    const expected = { name: 'TypeError', code: 'ERR_POOL_INVALID_OPTION', message: /^items must be a typed array with slices: true, got / } // prettier-ignore
    await t.throwsAsync(
      pool.map((x: never) => x, items as never, SLICES),
      expected
    )
    await t.throwsAsync(async () => await pool.imap((x: never) => x, items as never, SLICES).next(), expected)
    await pool.stopAndJoin()
  })
}

for (const [name, defaults] of Object.entries({
  spread: { spread: true },
  batch: { batch: 3 },
  withIndex: { withIndex: true }
})) {
  testBoth(`what a call asks for replaces the pool's ${name}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1, ...(defaults as WorkerPoolOptions) })
    const same = (slice: Uint8Array): Uint8Array => slice
    const options = { ...SLICES, ...JOINED, chunkSize: 2 }
    t.deepEqual(await pool.map(same, new Uint8Array([1, 2, 3]), options), new Uint8Array([1, 2, 3]))
  })
}

testBoth(
  'an array that loses its memory while it is sliced ends the call, after the slices that were sent',
  async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const array = sharedArray(Float64Array, 1_000)
    const results = pool.imap((slice: Float64Array) => slice.length, array, { ...SLICES, chunkSize: 1 })
    t.is((await results.next()).value, 1)
    array.release()
    const expected = { name: 'RangeError', code: 'ERR_POOL_INVALID_OPTION', message: /^items: its elements from \d+ on are gone: / } // prettier-ignore
    await t.throwsAsync(all(results), expected)
    t.deepEqual(await pool.map((x: number) => x, [1]), [1])
  }
)
