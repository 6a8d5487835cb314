import test from 'ava'

import { tasks, type WorkerPool } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-map.mjs'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-map.mjs', import.meta.url))

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

interface Note {
  readonly file: string
  readonly line: string
  readonly leave: string
}

/** A call that holds all workers, and has far more to run. */
const LONG: Readonly<Record<string, (pool: WorkerPool, items: readonly Note[]) => Promise<unknown>>> = {
  'orderTasks, chunkSize 1': (pool, items) => pool.map(jobs.noteWithPid, items, { orderTasks: true, chunkSize: 1 }),
  'orderTasks without a size': (pool, items) => pool.map(jobs.noteWithPid, items, { orderTasks: true }),
  'mapSettled with orderTasks': (pool, items) =>
    pool.mapSettled(jobs.noteWithPid, items, { orderTasks: true, chunkSize: 1 }),
  'imap with orderTasks': (pool, items) =>
    drain(pool.imap(jobs.noteWithPid, items, { orderTasks: true, chunkSize: 1 })),
  'two calls with orderTasks': async (pool, items) => {
    const options = { orderTasks: true, chunkSize: 1 }
    const half = items.length / 2
    await Promise.all(
      [items.slice(0, half), items.slice(half)].map((part) => pool.map(jobs.noteWithPid, part, options))
    )
  },
  'chunkSize 1': (pool, items) => pool.map(jobs.noteWithPid, items, { chunkSize: 1 })
}

/** A call of one short task. */
const SHORT: Readonly<Record<string, (pool: WorkerPool, item: Note) => Promise<unknown>>> = {
  map: (pool, item) => pool.map(jobs.noteWithPid, [item]),
  mapUnordered: (pool, item) => pool.mapUnordered(jobs.noteWithPid, [item]),
  mapSettled: (pool, item) => pool.mapSettled(jobs.noteWithPid, [item]),
  imap: (pool, item) => drain(pool.imap(jobs.noteWithPid, [item])),
  'map with orderTasks': (pool, item) => pool.map(jobs.noteWithPid, [item], { orderTasks: true }),
  apply: (pool, item) => pool.apply(jobs.noteWithPid, [item])
}

async function drain(results: AsyncIterable<unknown>): Promise<readonly unknown[]> {
  const all: unknown[] = []
  for await (const result of results) all.push(result)
  return all
}

for (const [long, startLong] of Object.entries(LONG)) {
  test(`short calls do not wait for the end of a long one: ${long}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    for (const [short, startShort] of Object.entries(SHORT)) {
      const gates = new Gates(t)
      const make = (line: string): Note => ({ file: gates.path('notes'), line, leave: gates.path('go') })
      const items = numbers(2_000).map(() => make('long'))
      const first = startLong(pool, items)
      await until(
        () => gates.lines('notes').length === 2 && pool.stats.queued > 1,
        () => 'the long call does not begin'
      )
      const { submitted } = pool.stats
      const second = startShort(pool, make('short'))
      await until(
        () => pool.stats.submitted > submitted,
        () => 'the short call is not submitted'
      )
      gates.open('go')
      await within(Promise.all([first, second]), `both calls, ${short}`)
      const notes = gates.lines('notes').map((line) => line.split(' '))
      const at = notes.findIndex(([line]) => line === 'short')
      // The other worker may have gone on, while this one did not get the CPU.
      const before = notes.slice(0, at).filter(([, pid]) => pid === notes[at]?.[1])
      // What the worker held already: 256 chunks at the most, where tasks are known to be short.
      t.true(at >= 0 && before.length < 800, `${before.length} tasks of its worker began before that of ${short}`)
    }
  })
}

for (const nJobs of [1, 2]) {
  for (const options of [{}, { chunkSize: 1 }, { orderTasks: true }, { chunkSize: 3, orderTasks: true }]) {
    test(`a steady stream of apply leaves turns to a map: ${nJobs} jobs, ${JSON.stringify(options)}`, async (t) => {
      const { pool } = watchedPool(t, { nJobs })
      const over = new AbortController()
      const stream = async (): Promise<void> => {
        while (!over.signal.aborted) await pool.apply(jobs.pass, [{ value: 1 }])
      }
      const streams = numbers(4 * nJobs).map(stream)
      await until(
        () => pool.stats.completed > 20,
        () => 'the stream does not begin'
      )
      const calls = numbers(3).map((call) => pool.map(Math.sqrt, numbers(12 + call), options))
      const results = await within(Promise.all(calls), 'a map beside a stream of apply')
      over.abort()
      await Promise.all(streams)
      t.deepEqual(
        results,
        numbers(3).map((call) => numbers(12 + call).map(Math.sqrt))
      )
    })
  }
}

for (const nJobs of [1, 2]) {
  for (const method of ['map', 'mapSettled', 'imap'] as const) {
    test(`an apply does not wait for the end of large chunks: ${nJobs} jobs, ${method}`, async (t) => {
      const { pool } = watchedPool(t, { nJobs })
      const gates = new Gates(t)
      const [file, applied] = [gates.path('notes'), gates.path('applied')]
      // Long enough for a slow parent to act during a few tasks. Once the apply has run, nothing waits.
      const take = (line: string): string => {
        const fs = process.getBuiltinModule('node:fs')
        fs.appendFileSync(file, `${line}\n`)
        if (line === 'apply') fs.writeFileSync(applied, '')
        const word = new Int32Array(new SharedArrayBuffer(4))
        for (let look = 0; look < 50 && !fs.existsSync(applied); look++) Atomics.wait(word, 0, 0, 2)
        return line
      }
      const items = numbers(300 * nJobs).map(() => 'map')
      const options = { chunkSize: 300 }
      const calls = {
        map: () => pool.map(take, items, options),
        mapSettled: () => pool.mapSettled(take, items, options),
        imap: () => drain(pool.imap(take, items, options))
      }
      const call: Promise<unknown> = calls[method]()
      await until(
        () => gates.lines('notes').length > nJobs && pool.workers.every(({ state }) => state === 'busy'),
        () => 'the chunks do not begin'
      )
      await within(pool.apply(take, ['apply']), 'the apply')
      await within(call, 'the map')
      const at = gates.lines('notes').indexOf('apply')
      t.true(at < 200 * nJobs, `${at} tasks began before it`)
      t.is(gates.lines('notes').length, items.length + 1)
    })
  }
}

test('an apply that is retried again and again does not delay another one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const dying = pool.apply(
    (file: string) => {
      process.getBuiltinModule('node:fs').appendFileSync(file, 'x\n')
      process.kill(process.pid, 'SIGKILL')
      for (;;);
    },
    [gates.path('deaths')],
    { retries: 1_000 }
  )
  const failure = t.throwsAsync(dying)
  await until(
    () => gates.lines('deaths').length > 0,
    () => 'the first attempt does not begin'
  )
  t.is(await within(pool.apply(Math.sqrt, [16]), 'an apply beside one that is retried'), 4)
  t.true(gates.lines('deaths').length < 100)
  await pool.terminate()
  await failure
})

test('orderTasks without a size gives each item to the same worker in every run', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const workersOf = async (input: Iterable<number> | AsyncIterable<number>): Promise<number[]> => {
    const seen = await pool.map(jobs.look, input, { orderTasks: true })
    return seen.map(({ workerId }) => workerId)
  }
  const inTurn = (size: number): number[] => numbers(640).map((i) => Math.floor(i / size) % 2)
  const slowly = async function* (): AsyncGenerator<number> {
    for (const i of numbers(640)) yield i
  }
  // 128 chunks, or chunks of one item where their number is not known.
  for (let run = 0; run < 3; run++) {
    t.deepEqual(await workersOf(numbers(640)), inTurn(5))
    t.deepEqual(await workersOf(numbers(640).values()), inTurn(1))
    t.deepEqual(await workersOf(slowly()), inTurn(1))
  }
  const few = await pool.map(jobs.look, numbers(9), { orderTasks: true })
  t.deepEqual(
    few.map(({ workerId }) => workerId),
    numbers(9).map((i) => i % 2)
  )
})
