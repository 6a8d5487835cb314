import vm from 'node:vm'
import test from 'ava'
import { TaskFunctionError } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'

/** Milliseconds that this process has worked: others may hold the CPUs. */
function worked(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const BYTES = 2_000_000

/** A value of some megabytes, and what a task reads of it. */
interface Binary {
  readonly title: string
  readonly value: unknown
  readonly read: (value: never) => unknown
  readonly result: unknown
}

const shared = new Uint8Array(BYTES).fill(4).buffer

const binaries: readonly Binary[] = [
  { title: 'Buffer', value: Buffer.alloc(BYTES, 7), read: (b: Buffer) => [b[BYTES - 1], Buffer.isBuffer(b)], result: [7, true] },
  { title: 'ArrayBuffer', value: shared, read: (b: ArrayBuffer) => new Uint8Array(b)[BYTES - 1], result: 4 },
  { title: 'DataView', value: new DataView(shared, 8), read: (b: DataView) => [b.getUint8(9), b.byteOffset], result: [4, 8] },
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array].map(
    (constructor) => ({ title: constructor.name, value: new constructor(BYTES / 4).fill(3), read: (b: Uint8Array) => [b[BYTES / 4 - 1], b.constructor.name], result: [3, constructor.name] })
  ),
  ...[BigInt64Array, BigUint64Array].map((constructor) => ({ title: constructor.name, value: new constructor(BYTES / 8).fill(9n), read: (b: BigInt64Array) => String(b[BYTES / 8 - 1]), result: '9' })),
  { title: 'in an object', value: { deep: { bytes: Buffer.alloc(BYTES, 1) } }, read: (o: { deep: { bytes: Buffer } }) => o.deep.bytes[5], result: 1 },
  { title: 'in an array', value: [1, new Float64Array(BYTES / 8)], read: (o: [number, Float64Array]) => o[1].length, result: BYTES / 8 },
  { title: 'in a Map', value: new Map([['a', Buffer.alloc(BYTES, 2)]]), read: (o: Map<string, Buffer>) => o.get('a')?.[5], result: 2 },
  { title: 'in a Set', value: new Set([Buffer.alloc(BYTES, 6)]), read: (o: Set<Buffer>) => [...o][0]?.[5], result: 6 },
  { title: 'two views of one buffer', value: [new Uint8Array(shared, 4), new Uint16Array(shared, 8)], read: ([a, b]: [Uint8Array, Uint16Array]) => [a.buffer === b.buffer, a.byteOffset, b.byteOffset], result: [true, 4, 8] }
] // prettier-ignore

test.serial('binary data are copied as bytes, anew for each call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const { title, value, read, result } of binaries) {
    // Blocked for as long as the call takes to begin: a walk over the elements takes seconds.
    const before = worked()
    t.deepEqual(await pool.apply(() => read(value as never)), result, title)
    t.deepEqual(await pool.apply((x) => [x, read(value as never)], [1]), [1, result], title)
    t.deepEqual(await pool.apply(() => read(value as never), [], { context: { value } }), result, title)
    t.true(worked() - before < 2_000, title)
  }
  const bytes = Buffer.alloc(BYTES)
  const read = (): unknown => bytes[BYTES - 1]
  for (const value of [1, 2]) {
    bytes[BYTES - 1] = value
    t.is(await pool.apply(read), value)
  }
})

test.serial('a resizable ArrayBuffer stays resizable', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const Resizable = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => ArrayBuffer
  const buffer = new Resizable(8, { maxByteLength: 64 }) as ArrayBuffer & { maxByteLength: number }
  t.deepEqual(await pool.apply(() => [buffer.byteLength, buffer.maxByteLength]), [8, 64])
})

const heavy: readonly (readonly [title: string, value: unknown])[] = [
  ['a Buffer', Buffer.alloc(64e6)],
  ['a typed array', new Float64Array(8e6)],
  ['an ArrayBuffer', new ArrayBuffer(64e6)],
  ['a DataView', new DataView(new ArrayBuffer(64e6))],
  ['a string', 'x'.repeat(1e8)],
  ['a string of wide characters', 'ж'.repeat(1e8)],
  ['a Buffer in an object', { a: [{ b: Buffer.alloc(64e6) }] }],
  ['a string in a Map', new Map([[1, 'x'.repeat(1e8)]])],
  ['many strings', Array.from({ length: 200 }, (_, n) => `${n}`.padEnd(1e6))],
  ['a long array', Array.from({ length: 5e6 }, () => 1.5)]
]

test.serial('a capture that is too large is refused before it is copied', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const small = 1
  for (const [title, value] of heavy) {
    const before = worked()
    const refused = {
      instanceOf: TaskFunctionError,
      message: /larger than 10 MB together with what it captures; the largest is 'value'/
    }
    const error = await t.throwsAsync(
      pool.apply(() => [small, value]),
      refused,
      title
    )
    t.is(error.variable, 'value', title)
    t.true(worked() - before < 2_000, title)
  }
  t.is(pool.stats.submitted, 0)
})

test.serial('a SharedArrayBuffer is refused by name', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const counter = new SharedArrayBuffer(8)
  const view = new Int32Array(counter)
  const config = { deep: { view } }
  for (const [fn, where] of [
    [() => counter, /'counter', which holds a SharedArrayBuffer/],
    [() => view, /'view', which holds a view of a SharedArrayBuffer/],
    [() => config, /'config', which holds a view of a SharedArrayBuffer at config\.deep\.view/]
  ] as const) {
    await t.throwsAsync(pool.apply(fn), { instanceOf: TaskFunctionError, message: where })
  }
})

test.serial('a capture that leads to a library is refused soon, with the way to import it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`f${n}`, (): number => n]))
  const nodes = Array.from({ length: 20_000 }, () => Object.freeze({}))
  // Each of a script of its own, as libraries make them.
  const add = (before: unknown, n: number): unknown =>
    (vm.runInThisContext(`(before) => function named(x) { return before(x) + ${n} }`) as (before: unknown) => unknown)(
      before
    )
  let sum: unknown = (x: number): number => x
  for (let n = 0; n < 2_600; n++) sum = add(sum, n)
  const rows: readonly (readonly [title: string, fn: (x: number) => unknown, message: RegExp])[] = [
    ['a table', () => many['f1']?.(), /uses 'many', which leads to more than 10000 objects and functions: import it/],
    ['objects', () => nodes.length, /uses 'nodes', which leads to more than 10000 objects and functions: import it/],
    [
      'functions',
      sum as (x: number) => unknown,
      /leads to more than \d+ functions: pass .* such as \(x\) => named\(x\)/
    ]
  ]
  for (const [title, fn, message] of rows) {
    const before = worked()
    await t.throwsAsync(pool.apply(fn, [1]), { instanceOf: TaskFunctionError, message }, title)
    t.true(worked() - before < 5_000, title)
  }
  t.is(pool.stats.submitted, 0)
})

test.serial('many records without functions are sent as data', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const records = Array.from({ length: 30_000 }, (_, id) => ({ id, name: `n${id}` }))
  const table = new Map(records.map((record) => [record.name, record]))
  t.deepEqual(await pool.apply(() => [records.length, table.get('n7')?.id, table.get('n7') === records[7]]), [30_000, 7, true])
}) // prettier-ignore
