import assert from 'node:assert'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'

import test from 'ava'

import { taskInfo, WorkerDiedError } from '../dist/index.js'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { scratch } from './helpers/scratch.js'

/** Around the size from which on a value does not travel in its message, and far beyond it. */
const SIZES = [32 * 1024 - 8, 32 * 1024, 200 * 1024 + 8]

function filled(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + seed * 7 + (at >> 8)) & 255
  return bytes
}

function kinds(length: number): Readonly<Record<string, unknown>> {
  const { buffer } = filled(length)
  const copy = (): ArrayBuffer => buffer.slice(0) as ArrayBuffer
  return {
    bytes: new Uint8Array(copy()),
    signed: new Int8Array(copy()),
    clamped: new Uint8ClampedArray(copy()),
    shorts: new Uint16Array(copy()),
    floats: new Float64Array(copy()),
    singles: new Float32Array(copy()),
    bigs: new BigUint64Array(copy()),
    buffer: Buffer.from(copy()),
    arrayBuffer: copy(),
    view: new DataView(copy(), 8),
    part: new Uint8Array(copy(), 8, length - 16),
    partOfBuffer: Buffer.from(copy()).subarray(8, length),
    deep: { rows: [{ name: 'a', data: new Map([['x', [new Uint8Array(copy()), 'after']]]) }, new Set([copy()])] }
  }
}

const same = (x: unknown): unknown => x

testBoth('large binary values of each kind arrive as they are, alone and deep in a value, both ways', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const size of SIZES) {
    const values = kinds(size)
    for (const [kind, value] of Object.entries(values)) {
      assert.deepStrictEqual(await pool.apply(same, [value]), value, `${kind} of ${size}`)
    }
    assert.deepStrictEqual(await pool.apply(same, [values]), values)
    const items = Object.values(values)
    assert.deepStrictEqual(await pool.map(same, items), items)
    assert.deepStrictEqual(await pool.map(same, items, { chunkSize: 4 }), items)
    const lazily: unknown[] = []
    for await (const item of pool.imap(same, items)) lazily.push(item)
    assert.deepStrictEqual(lazily, items)
    const settled = await pool.mapSettled(same, items)
    assert.deepStrictEqual(
      settled.map((each) => each.status === 'fulfilled' && each.value),
      items
    )
  }
  t.pass()
})

testBoth('long strings arrive as they are, alone and deep in a value, both ways', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
  const values: unknown[] = []
  for (const length of [512 * 1024 - 1, 512 * 1024, 700_001]) {
    const narrow = bytes.repeat(length / 256 + 1).slice(0, length)
    const wide = `${narrow.slice(0, -3)}\ud800\u20ac\udc00`
    values.push(narrow, wide, { narrow, rows: [[wide, 1], new Map([[narrow, wide]])], after: 'x' })
  }
  assert.deepStrictEqual(await pool.map(same, values), values)
  assert.deepStrictEqual(await pool.apply(same, [values]), values)
  for (const value of values) assert.deepStrictEqual(await pool.apply(same, [value]), value)
  t.pass()
})

test('the error of a lost task shows a long string as it shows a short one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const texts: (string | undefined)[] = []
  for (const length of [1_000, 1_000_000]) {
    for (const item of ['ab'.repeat(length / 2), '\u20ac'.repeat(length)]) {
      const error = await pool
        .map(() => process.kill(process.pid, 'SIGKILL'), [item])
        .catch((reason: unknown) => reason)
      texts.push(taskInfo(error)?.item?.replace(/\d+ more/, 'more'))
    }
  }
  t.regex(texts[0] ?? '', /abab/)
  t.deepEqual(texts.slice(2), texts.slice(0, 2))
})

testBoth('views of one large buffer share it when they arrive', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const buffer = filled(256 * 1024).buffer
  const value = { all: new Uint8Array(buffer), end: new Float64Array(buffer, 128 * 1024), buffer }
  const write = (x: typeof value): unknown => {
    x.all[128 * 1024] = 1
    x.all.fill(0, 128 * 1024 + 1, 128 * 1024 + 8)
    return [x.end[0], x.all.buffer === x.buffer && x.end.buffer === x.buffer, x]
  }
  const [first, isShared, back] = (await pool.apply(write, [value])) as [number, boolean, typeof value]
  t.is(first, 5e-324)
  t.true(isShared)
  t.is(back.all.buffer, back.buffer)
  t.is(back.end.buffer, back.buffer)
  t.is(back.end[0], 5e-324)
})

testBoth('what arrives is ordinary memory: it can be written, transferred and resized', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const length = 128 * 1024
  const use = (
    bytes: Uint8Array,
    plain: ArrayBuffer,
    resizable: ArrayBuffer & { resize(n: number): void }
  ): unknown => {
    bytes.fill(9)
    const moved = structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
    const other = structuredClone(plain, { transfer: [plain] })
    resizable.resize(resizable.byteLength + 8)
    return [moved, bytes.length, plain.byteLength, other, resizable.byteLength, resizable]
  }
  const Resizable = ArrayBuffer as unknown as new (
    n: number,
    options: object
  ) => ArrayBuffer & { resize(n: number): void }
  const resizable = new Resizable(length, { maxByteLength: 2 * length })
  new Uint8Array(resizable).set(filled(length))
  const args = [filled(length), filled(length).buffer, resizable] as never as Parameters<typeof use>
  const results = (await pool.apply(use, args)) as [Uint8Array, number, number, ArrayBuffer, number, typeof resizable]
  t.deepEqual(results[0], new Uint8Array(length).fill(9))
  t.deepEqual([results[1], results[2], results[4]], [0, 0, length + 8])
  t.deepEqual(new Uint8Array(results[5], 0, length), filled(length))
  results[5].resize(length)
  results[0].fill(3)
  const back = structuredClone(results[3], { transfer: [results[3]] })
  t.is(results[3].byteLength, 0)
  t.deepEqual(new Uint8Array(back), filled(length))
})

testBoth('values stay as they are while later ones come, in the caller and in the worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const length = 96 * 1024
  const items = Array.from({ length: 150 }, (_, seed) => filled(length, seed))
  const results = await pool.map(same, items)
  for (const [seed, result] of results.entries()) assert.deepStrictEqual(result, items[seed], `result ${seed}`)

  const keep = (bytes: Uint8Array): number => {
    const kept = ((globalThis as { kept?: Uint8Array[] }).kept ??= [])
    kept.push(bytes)
    let wrong = 0
    for (const each of kept) for (let at = 1; at < each.length; at++) if (each[at] !== each[0]) wrong++
    return wrong
  }
  const uniform = Array.from({ length: 60 }, (_, seed) => new Uint8Array(64 * 1024).fill(seed))
  t.is(
    (await pool.map(keep, uniform)).reduce((sum, wrong) => sum + wrong, 0),
    0
  )
})

testBoth('a value is sent as it was at the call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const bytes = filled(200_000)
  const calls = [0, 1, 2, 3].map((value) => {
    bytes.fill(value)
    return pool.apply((x: Uint8Array) => x.every((each) => each === x[0]) && x[0], [bytes])
  })
  bytes.fill(77)
  t.deepEqual(await Promise.all(calls), [0, 1, 2, 3])
})

test('a task that runs again gets its arguments as they were sent, although its worker has changed them', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const file = join(scratch(t, { attempts: '' }), 'attempts')
  const attempt = (bytes: Uint8Array, path: string): number => {
    const fs = process.getBuiltinModule('node:fs')
    fs.appendFileSync(path, 'x')
    const sum = bytes.reduce((a, b) => a + b, 0)
    bytes.fill(255)
    if (fs.readFileSync(path, 'utf8').length < 3) process.kill(process.pid, 'SIGKILL')
    return sum
  }
  const sum = await pool.apply(attempt, [new Uint8Array(100_000).fill(2), file], { retries: 3 })
  t.is(sum, 200_000)
  t.is(readFileSync(file, 'utf8').length, 3)
})

test('workers that die with large values in any phase leave the pool as good as new', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const length = 1024 * 1024
  const die = (how: string, bytes: Uint8Array): unknown => {
    const kill = (): void => {
      process.kill(process.pid, 'SIGKILL')
      for (;;);
    }
    if (how === 'holding') kill()
    if (how === 'encoding')
      return {
        bytes,
        get end(): unknown {
          return kill()
        }
      }
    setImmediate(kill)
    return how === 'returned' ? [bytes, bytes.slice(), bytes.slice()] : bytes.length
  }
  for (let round = 0; round < 6; round++) {
    for (const how of ['holding', 'encoding', 'returned', 'idle']) {
      const args: [string, Uint8Array] = [how, filled(length, round)]
      const lost = await pool.apply(die, args).catch((error: unknown) => error)
      if (how === 'returned' && Array.isArray(lost)) t.deepEqual(lost[2], args[1])
      else if (how === 'holding' || how === 'encoding') t.true(lost instanceof WorkerDiedError, inspect(lost))
      const items = [filled(length, 1), filled(length, 2), filled(length, 3)]
      const back = await pool.map(same, items, { retries: 5 })
      assert.deepStrictEqual(back, items)
    }
  }
})

test.serial('a worker that is killed at any moment of a large copy loses its own task, and no block', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const items = [1, 2, 3, 4].map((seed) => filled(6_000_000, seed))
  const before = sharedKiB()
  let deaths = 0
  for (let round = 0; round < 12; round++) {
    await pool.warm()
    const echo = pool.mapSettled(same, items, { chunkSize: 1 })
    for (let turn = 0; turn < 2 * round; turn++) await new Promise(setImmediate)
    const [worker] = pool.workers
    if (worker !== undefined) process.kill(worker.pid, 'SIGKILL')
    for (const [at, outcome] of (await echo).entries()) {
      if (outcome.status === 'fulfilled') assert.deepStrictEqual(outcome.value, items[at])
      else {
        deaths++
        t.true(outcome.reason instanceof WorkerDiedError, inspect(outcome.reason))
      }
    }
  }
  t.true(deaths <= 12)
  assert.deepStrictEqual(await pool.map(same, items), items)
  await until(
    () => sharedKiB() < before + 2_000,
    () => `${before} KiB before, now ${sharedKiB()}`
  )
})

test('a pool that is terminated with large values on their way can be replaced by another one', async (t) => {
  for (let round = 0; round < 5; round++) {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const items = Array.from({ length: 20 }, (_, seed) => filled(500_000, seed))
    const calls = [pool.map(same, items), pool.apply(same, [items])].map((call) =>
      call.catch((error: unknown) => error)
    )
    if (round > 0) await pool.apply(() => 1)
    await pool.terminate()
    for (const outcome of await Promise.all(calls)) {
      if (outcome instanceof Error) t.is((outcome as { code?: string }).code, 'ERR_POOL_TERMINATED')
      else assert.deepStrictEqual(outcome, items)
    }
  }
})

test('the error of a lost task shows a large item as it shows a small one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const texts: (string | undefined)[] = []
  for (const length of [1000, 1_000_000]) {
    for (const item of [Buffer.alloc(length, 7), new Float64Array(length).fill(1.25)]) {
      const error = await pool
        .map(() => process.kill(process.pid, 'SIGKILL'), [item])
        .catch((reason: unknown) => reason)
      texts.push(
        taskInfo(error)
          ?.item?.replaceAll(/\d+ more/g, 'more')
          .replaceAll(/\(\d+\)/g, '')
      )
    }
  }
  t.regex(texts[0] ?? '', /Buffer.*7, 7, 7/)
  t.deepEqual(texts.slice(2), texts.slice(0, 2))
})

const sharedKiB = (): number => Number(/RssShmem:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1])

test('a map sends few large items ahead', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const ways = [
    (items: unknown[]) => pool.map(same, items),
    (items: unknown[]) => pool.map(same, items, { chunkSize: 2 }),
    (items: unknown[]) => pool.map((batch: unknown[]) => batch, items, { batch: 2 })
  ]
  for (const start of ways) {
    const items = Array.from({ length: 40 }, (_, seed) => filled(1_500_000, seed))
    let taken = 0
    const watched: Uint8Array[] = []
    for (const [at, item] of items.entries()) {
      Object.defineProperty(watched, at, { enumerable: true, get: () => (taken++, item) })
    }
    const echo = start(watched)
    // Nothing that has settled since the call is known yet.
    t.true(taken >= 4 && taken <= 10, `${taken} items`)
    assert.deepStrictEqual(await echo, items)
  }
})

const usesGlibc = 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header

/** Pages that the system had to provide for 100 large arguments and results, in a worker that has had many before. */
const faults = (bytes: Uint8Array | number): unknown => (bytes === 0 ? process.resourceUsage().minorPageFault : bytes)

;(usesGlibc ? test : test.skip)('a worker uses the memory of large values again', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const value = filled(1_000_000)
  const counts: number[] = []
  // After a pause the worker has given it back. That may happen in a round, but not in each.
  for (let round = 0; round < 6; round++) {
    const before = (await pool.apply(faults, [0])) as number
    for (let i = 0; i < 80; i++) await pool.apply(faults, [value])
    counts.push(((await pool.apply(faults, [0])) as number) - before)
  }
  // New memory would take 244 for each.
  t.true(Math.min(...counts) < 80 * 40, `page faults: ${counts.join(', ')}`)
})

test.serial('the memory of large values goes back to the system when none come any more', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  await pool.map(same, [1, 2, 3, 4], { chunkSize: 1 })
  const before = sharedKiB()
  const items = Array.from({ length: 20 }, (_, seed) => filled(4_000_000, seed))
  await pool.map(same, items)
  t.true(sharedKiB() > before + 4_000)
  const inWorkers = async (): Promise<readonly number[]> =>
    pool.map(
      () =>
        Number(
          /RssShmem:\s*(\d+)/.exec(process.getBuiltinModule('node:fs').readFileSync('/proc/self/status', 'latin1'))?.[1]
        ),
      [0, 1],
      { chunkSize: 1 }
    )
  await until(
    () => sharedKiB() < before + 2_000,
    () => `${before} KiB before, now ${sharedKiB()}`
  )
  t.true(Math.max(...(await inWorkers())) < 60_000)
  assert.deepStrictEqual(await pool.map(same, items), items)
})

test('a worker that overwrites the memory of its large results harms only its own tasks', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const overwrite = (bytes: Uint8Array): Uint8Array => {
    const fs = process.getBuiltinModule('node:fs')
    const memory = fs.openSync('/proc/self/mem', 'r+')
    for (const line of fs.readFileSync('/proc/self/maps', 'utf8').split('\n')) {
      const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) r.-s .*(?:memfd:|dev\/shm\/millrace-)/.exec(line) ?? []
      const size = Math.min(parseInt(to, 16) - parseInt(from, 16), 8_000_000)
      if (!(size > 1_000_000)) continue
      try {
        fs.writeSync(memory, Buffer.alloc(size, 255), 0, size, parseInt(from, 16))
      } catch {
        // The memory with the arguments cannot be written.
      }
    }
    fs.closeSync(memory)
    return bytes
  }
  const items = Array.from({ length: 12 }, (_, seed) => filled(300_000, seed))
  await pool.map(same, items)
  const overwriting = pool.map(overwrite, items.slice(0, 4), { chunkSize: 1 }).catch((error: unknown) => error)
  const sums = await pool.map((x: Uint8Array) => x.reduce((a, b) => a + b, 0), items)
  t.deepEqual(
    sums,
    items.map((x) => x.reduce((a, b) => a + b, 0))
  )
  await overwriting
  assert.deepStrictEqual(await pool.map(same, items), items)
})
