import { readFile } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import test from 'ava'

import type { WorkerPool } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { within } from './helpers/within.js'

/** Blocks this thread in a callback of input or output, where its event loop is awake and nothing tells so. */
function blockUntil(isDone: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    readFile(import.meta.filename, () => {
      const end = performance.now() + 20_000
      while (!isDone() && performance.now() < end);
      resolve(isDone())
    })
  })
}

/** True when `count` more tasks of the pool complete while this thread is blocked. */
function goesOn(pool: WorkerPool, count: number): Promise<boolean> {
  let goal: number | undefined
  return blockUntil(() => {
    const { completed } = pool.stats
    goal ??= completed + count
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
  await pool.apply(spin, [1])
  const items = Array.from({ length: 200 }, () => 3)
  const map = pool.map(spin, items, { chunkSize: 1 })
  // The loop sleeps, with work at the worker: it hears the worker's bell itself.
  await sleep(30)
  t.true(await goesOn(pool, 30))
  t.deepEqual(await within(map, 'the map stays open'), items)
})

test.serial('results larger than the ring are read while the event loop is busy with a callback', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const make = (ms: number): Uint8Array => {
    const end = performance.now() + ms
    while (performance.now() < end);
    return new Uint8Array(2 ** 20)
  }
  await pool.apply(make, [0])
  const results = Promise.all(Array.from({ length: 40 }, () => pool.apply(make, [5])))
  await sleep(20)
  t.true(await goesOn(pool, 10))
  t.is((await within(results, 'a call stays open')).length, 40)
})
