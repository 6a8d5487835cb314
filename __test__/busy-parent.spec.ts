import { existsSync, readFile, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import test from 'ava'

import type { WorkerPool } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { within } from './helpers/within.js'

/** Blocks this thread in a callback of input or output, where its event loop is awake and nothing tells so. */
function blockUntil(isDone: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    readFile(import.meta.filename, () => {
      const end = performance.now() + 100_000
      while (!isDone() && performance.now() < end);
      resolve(isDone())
    })
  })
}

/** True when `count` more tasks of the pool complete while this thread is blocked. Once it is, `begin` lets the tasks go on. */
function goesOn(pool: WorkerPool, count: number, begin: () => void): Promise<boolean> {
  let goal: number | undefined
  return blockUntil(() => {
    const { completed } = pool.stats
    if (goal === undefined) {
      goal = completed + count
      begin()
    }
    return completed >= goal
  })
}

const spin = (ms: number): number => {
  const end = performance.now() + ms
  while (performance.now() < end);
  return ms
}

// One after the other: while one of them blocks this thread, the tasks of the other would all be done before it looks.
test.serial('workers get more work while the event loop of their pool is busy with a callback', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const go = gates.path('go')
  const spinThen = (ms: number): number => {
    while (!process.getBuiltinModule('node:fs').existsSync(go));
    const end = performance.now() + ms
    while (performance.now() < end);
    return ms
  }
  await pool.apply(spin, [1])
  const items = Array.from({ length: 200 }, () => 3)
  const map = pool.map(spinThen, items, { chunkSize: 1 })
  // The loop sleeps, with work at the worker: it hears the worker's bell itself.
  await sleep(30)
  t.true(await goesOn(pool, 30, () => gates.open('go')))
  t.deepEqual(await within(map, 'the map stays open'), items)
})

test.serial('results larger than the ring are read while the event loop is busy with a callback', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const go = gates.path('go')
  const make = (ms: number): Uint8Array => {
    const mayBegin = (): boolean => ms === 0 || process.getBuiltinModule('node:fs').existsSync(go)
    while (!mayBegin());
    const end = performance.now() + ms
    while (performance.now() < end);
    return new Uint8Array(2 ** 20)
  }
  await pool.apply(make, [0])
  const results = Promise.all(Array.from({ length: 40 }, () => pool.apply(make, [5])))
  await sleep(20)
  t.true(await goesOn(pool, 10, () => gates.open('go')))
  t.is((await within(results, 'a call stays open')).length, 40)
})

/** Blocks this thread in a timer. Its event loop says before that it is awake. */
function blockInTimer(isDone: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    setTimeout(() => {
      const end = performance.now() + 100_000
      while (!isDone() && performance.now() < end);
      resolve(isDone())
    }, 1)
  })
}

interface Step {
  readonly bytes: number
  readonly reached?: string
  readonly waitsFor?: string
}

const take = async ({ bytes, reached, waitsFor }: Step): Promise<string> => {
  if (reached !== undefined) writeFileSync(reached, '')
  if (waitsFor !== undefined) {
    while (!existsSync(waitsFor)) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return 'x'.repeat(bytes)
}

/** The first results fill the ring, so that the waiting thread reads it and listens from then on. The last task waits for `go`. */
function stepsOf(gates: Gates): readonly Step[] {
  const small = { bytes: 1 }
  const large = { bytes: 200_000 }
  const last = { bytes: 2, reached: gates.path('reached'), waitsFor: gates.path('go') }
  return [small, large, large, large, large, small, small, last]
}

// While the loop is awake, such results wake nobody. The loop looks for them before it sleeps.
test.serial('results of a chunk that goes on reach a loop that was busy before the chunk ends', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const steps = stepsOf(gates)
  const results = pool.imap(take, steps, { chunkSize: steps.length })
  const lengths = [(await within(results.next(), 'no result arrives')).value?.length]
  t.true(await blockInTimer(() => gates.isOpen('reached')))
  while (lengths.length < steps.length - 1) {
    lengths.push((await within(results.next(), 'a result does not arrive')).value?.length)
  }
  gates.open('go')
  lengths.push((await within(results.next(), 'the last result does not arrive')).value?.length)
  t.deepEqual(
    lengths,
    steps.map(({ bytes }) => bytes)
  )
  t.true((await results.next()).done)
})

test.serial('the counts of a pool grow within a chunk while its event loop is busy', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const steps = stepsOf(gates)
  const results = pool.imap(take, steps, { chunkSize: steps.length })
  await within(results.next(), 'no result arrives')
  t.true(await blockInTimer(() => pool.stats.completed === steps.length - 1))
  gates.open('go')
  let taken = 1
  for await (const result of results) taken += result === undefined ? 0 : 1
  t.is(taken, steps.length)
})
