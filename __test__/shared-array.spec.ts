import assert from 'node:assert'

import test from 'ava'

import { NotSerializableError, sharedArray, tasks, type TypedArrayKind, type TypedArrayOf } from '../dist/index.js'
import type * as sharedJobs from './fixtures/jobs-shared.mjs'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'

const jobs = tasks<typeof sharedJobs>(new URL('./fixtures/jobs-shared.mjs', import.meta.url))

const numberKinds = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array
] as const
const bigKinds = [BigInt64Array, BigUint64Array] as const

testBoth('each kind is the same memory here and in a task, as an argument and as a result', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const kind of numberKinds as readonly TypedArrayKind<TypedArrayOf<number>>[]) {
    const array = sharedArray(kind, [1, 2, 3])
    assert.deepStrictEqual(array, Object.assign(new kind(3), [1, 2, 3]))
    const back = await pool.apply(
      (x: TypedArrayOf<number>) => {
        x[0] = 7
        return x
      },
      [array]
    )
    assert.deepStrictEqual([...(array as unknown as number[])], [7, 2, 3], kind.name)
    t.is(back.buffer, array.buffer, kind.name)
    t.is(back.constructor, kind)
  }
  for (const kind of bigKinds as readonly TypedArrayKind<TypedArrayOf<bigint>>[]) {
    const array = sharedArray(kind, [1n, 2n])
    await pool.apply((x: TypedArrayOf<bigint>) => void (x[1] = 2n ** 62n), [array])
    assert.deepStrictEqual([...(array as unknown as bigint[])], [1n, 2n ** 62n], kind.name)
  }
})

test('Float16Array too, where Node has it', async (t) => {
  const kind = (globalThis as { Float16Array?: TypedArrayKind<TypedArrayOf<number>> }).Float16Array
  if (kind === undefined) {
    t.pass('it has not')
    return
  }
  const { pool } = watchedPool(t, { nJobs: 1 })
  const array = sharedArray(kind, 4)
  await pool.apply((x: TypedArrayOf<number>) => void (x[3] = 0.5), [array])
  t.is(array[3], 0.5)
})

test('a worker sees what the program writes while a task runs, and the program what the task writes', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const words = sharedArray(Int32Array, 4)
  const job = async (mine: Int32Array, own: number, other: number): Promise<number> => {
    Atomics.store(mine, own, own + 1)
    while (Atomics.load(mine, other) === 0 || Atomics.load(mine, 3) === 0) await new Promise(setImmediate)
    return Atomics.load(mine, other)
  }
  const both = Promise.all([pool.apply(job, [words, 0, 1]), pool.apply(job, [words, 1, 0])])
  while (Atomics.load(words, 0) === 0 || Atomics.load(words, 1) === 0) await new Promise(setImmediate)
  Atomics.store(words, 3, 1)
  t.deepEqual(await both, [2, 1])
})

test('Atomics work between processes on kinds of integers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const counts = [
    sharedArray(Int8Array, 1),
    sharedArray(Uint16Array, 1),
    sharedArray(Int32Array, 1),
    sharedArray(Uint32Array, 1)
  ]
  const big = sharedArray(BigInt64Array, 1)
  const count = (): void => {
    for (let round = 0; round < 50; round++) {
      for (const array of counts) Atomics.add(array, 0, 1)
      Atomics.add(big, 0, 1n)
    }
  }
  await pool.map(count, Array.from({ length: 200 }, (_, at) => at), { chunkSize: 1 }) // prettier-ignore
  t.deepEqual(
    counts.map((array) => array[0]),
    [10_000, 10_000, 10_000, 10_000].map((all, at) => (at === 0 ? (all << 24) >> 24 : all))
  )
  t.is(big[0], 10_000n)
  t.throws(() => Atomics.wait(counts[2] as Int32Array, 0, 0, 0), { instanceOf: TypeError })
  t.is(Atomics.notify(counts[2] as Int32Array, 0), 0)
})

testBoth('views keep pointing at the memory: subarray, DataView, Buffer, the buffer itself', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const all = sharedArray(Uint8Array, 64)
  const value = {
    part: all.subarray(8, 16),
    view: new DataView(all.buffer, 16, 8),
    buffer: Buffer.from(all.buffer as ArrayBuffer, 24, 8),
    whole: all.buffer,
    again: [all, all.subarray(1)]
  }
  const back = await pool.apply(
    (x: typeof value) => {
      x.part[0] = 1
      x.view.setUint8(0, 2)
      x.buffer.writeUInt8(3, 0)
      new Uint8Array(x.whole)[32] = 4
      return { ...x, same: x.part.buffer === x.whole && x.buffer.buffer === x.whole && x.again[0]?.buffer === x.whole }
    },
    [value]
  )
  t.deepEqual([all[8], all[16], all[24], all[32]], [1, 2, 3, 4])
  t.true(back.same)
  t.true(Buffer.isBuffer(back.buffer) && back.view instanceof DataView)
  t.deepEqual([back.part.byteOffset, back.part.length, back.view.byteOffset, back.buffer.byteOffset], [8, 8, 16, 24])
  for (const { buffer } of [back.part, back.view, back.buffer]) t.is(buffer, all.buffer)
  t.is(back.whole, all.buffer)
})

testBoth('captured variables, items, and context.state hold the memory itself', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const table = sharedArray(Float64Array, 1000)
  const deep = { rows: new Map([['table', table.subarray(500)]]) }
  await pool.map((row: number) => {
    table[row] = row
    ;(deep.rows.get('table') as Float64Array)[row] = -row
  }, [1, 2, 3, 4]) // prettier-ignore
  t.deepEqual([...table.subarray(0, 5), ...table.subarray(500, 505)], [0, 1, 2, 3, 4, -0, -1, -2, -3, -4].map((x) => x || 0)) // prettier-ignore
  await pool.map((part: Float64Array) => void part.fill(9), [table.subarray(10, 12), table.subarray(20, 22)])
  t.deepEqual([table[9], table[10], table[21], table[22]], [0, 9, 9, 0])
  const keeper = watchedPool(t, { nJobs: 1 }).pool
  await keeper.apply(
    (x: Float64Array, { state }: { state: Record<string, unknown> }) => void (state['table'] = x),
    [table],
    { passContext: true }
  )
  table[999] = 42
  const last = ({ state }: { state: Record<string, unknown> }): unknown => (state['table'] as Float64Array)[999]
  t.is(await keeper.apply(last, [], { passContext: true }), 42)
})

testBoth('a function may capture an array that is larger than what it may copy', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const table = sharedArray(Float64Array, 2_000_000)
  const deep = { table, part: table.subarray(1_000_000) }
  table[1_999_999] = 5
  t.deepEqual(await pool.map((at: number) => [table[at], deep.part[at - 1_000_000]], [1_999_999]), [[5, 5]])
})

test('a worker makes an array and returns it, and another worker gets it from the program', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const makers = await pool.map(
    async (seed: number) => {
      const { sharedArray: make } = await import('../dist/index.js')
      const made = make(Int32Array, [seed, 0])
      // Kept: what others write is seen here too.
      Reflect.set(globalThis, 'made', made)
      return { made, pid: process.pid }
    },
    [10, 20],
    { chunkSize: 1, orderTasks: true }
  )
  for (const { made } of makers) made[1] = 1
  const sums = await pool.map(
    (all: readonly Int32Array[]) => {
      for (const array of all) Atomics.add(array, 1, 1)
      return { pid: process.pid, own: (Reflect.get(globalThis, 'made') as Int32Array)[0] }
    },
    [makers.map(({ made }) => made), makers.map(({ made }) => made)],
    { chunkSize: 1, orderTasks: true }
  )
  t.deepEqual(
    makers.map(({ made }) => [...made]),
    [
      [10, 3],
      [20, 3]
    ]
  )
  t.deepEqual(sums.map(({ own }) => own), [10, 20]) // prettier-ignore
})

test('each way to get results has the memory itself, errors too', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const array = sharedArray(Uint16Array, [1, 2, 3])
  const same = (x: Uint16Array): Uint16Array => x
  const results: unknown[] = [...(await pool.map(same, [array])), ...(await pool.mapUnordered(same, [array]))]
  for await (const result of pool.imap(same, [array])) results.push(result)
  for await (const result of pool.imapUnordered(same, [array])) results.push(result)
  for (const settled of await pool.mapSettled(same, [array]))
    results.push(settled.status === 'fulfilled' && settled.value)
  t.is(results.length, 5)
  for (const result of results) t.is((result as Uint16Array).buffer, array.buffer)
  const error = await t.throwsAsync<Error & { data?: Uint16Array }>(
    pool.apply((x: Uint16Array) => Promise.reject(Object.assign(new Error('no'), { data: x })), [array])
  )
  t.is(error?.data?.buffer, array.buffer)
})

test('a nested pool passes it on, down and up', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
  const array = sharedArray(Float64Array, 2)
  const [back, made, own] = (await pool.apply(jobs.nest, [array])) as readonly Float64Array[]
  t.true((array[0] ?? 0) > 0 && (array[1] ?? 0) > 0 && array[0] !== array[1])
  t.is(back?.buffer, array.buffer)
  t.deepEqual([made?.[0], own?.[0]], [1.5, 2.5])
  const set = (x: Float64Array): number | undefined => (x[0] = 3)
  await pool.apply(set, [made as Float64Array])
  t.is(made?.[0], 3)
})

test('a thread of the program has arrays and a pool of its own', async (t) => {
  const { run } = await import('./helpers/run.js')
  const { code, lines, stderr } = await run(t, 'shared-thread.mjs').end
  t.deepEqual([code, stderr, lines], [0, '', ['[2,4,6]', '[2,4,6]']])
})

testBoth('structuredClone copies the elements', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const array = sharedArray(Uint8Array, [1, 2])
  const copy = structuredClone(array)
  await pool.apply((x: Uint8Array) => void x.fill(9), [copy])
  await pool.apply((x: Uint8Array) => void x.fill(5), [array])
  t.deepEqual([...copy], [1, 2])
  t.deepEqual([...array], [5, 5])
})

testBoth('an array without elements is an ordinary one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const empty = sharedArray(Float32Array, 0)
  t.deepEqual([empty.length, sharedArray(Float32Array, []).length], [0, 0])
  assert.deepStrictEqual(await pool.apply((x: Float32Array) => x, [empty]), new Float32Array(0))
  empty.release()
})

testBoth('what was released is empty here, cannot be sent, and stays what it is elsewhere', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const array = sharedArray(Int32Array, [1, 2, 3])
  const part = array.subarray(1)
  const kept = (x: Int32Array): void => void Reflect.set(globalThis, 'kept', x)
  await pool.apply(kept, [array])
  array.release()
  array.release()
  t.deepEqual([array.length, part.length], [0, 0])
  await t.throwsAsync(pool.apply(kept, [array]), { instanceOf: NotSerializableError, message: /detached/ })
  await t.throwsAsync(pool.apply(kept, [part]), { instanceOf: NotSerializableError, message: /detached/ })
  if (pool.workers.length > 0) {
    t.deepEqual(await pool.apply(() => [...(Reflect.get(globalThis, 'kept') as Int32Array)]), [1, 2, 3])
    const again = await pool.apply(() => Reflect.get(globalThis, 'kept') as Int32Array)
    t.deepEqual([...again], [1, 2, 3])
    await pool.apply(() => (Reflect.get(globalThis, 'kept') as { release(): void }).release())
    t.deepEqual([...again], [1, 2, 3])
  }
})

testBoth('an input may release an array as soon as it has handed it out', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  function* arrays(): Generator<Int32Array> {
    for (let seed = 0; seed < 40; seed++) {
      const array = sharedArray(Int32Array, [seed])
      yield array
      array.release()
    }
  }
  const expected = Array.from({ length: 40 }, (_, seed) => seed)
  t.deepEqual(await pool.map((x: Int32Array) => x[0], arrays()), expected)
  t.deepEqual(await pool.map((x: Int32Array) => x[0], arrays(), { chunkSize: 7 }), expected)
})

test('one array in sharedObjects, in workerInit and workerExit; exit results are copies', async (t) => {
  const table = sharedArray(Float64Array, 8)
  const { pool } = watchedPool(t, {
    nJobs: 2,
    sharedObjects: { table },
    workerInit: ({ shared, state, workerId }) => {
      const mine = (shared as { table: Float64Array }).table
      mine[6 + workerId] = 1
      state['table'] = mine
    },
    workerExit: ({ state }) => state['table'] as Float64Array
  })
  await pool.warm()
  await pool.map(
    (at: number) => {
      table[at] = at
    },
    [1, 2, 3]
  )
  t.deepEqual([...table], [0, 1, 2, 3, 0, 0, 1, 1])
  await pool.stopAndJoin()
  const results = pool.getExitResults() as Float64Array[]
  t.is(results.length, 2)
  for (const result of results) t.deepEqual([...result], [...table])
})
