// Both sides look for a short time before they sleep. What else a loop has to do goes on meanwhile.
import { setImmediate, setTimeout } from 'node:timers'
import test from 'ava'
import { WorkerDiedError } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'

const APPLIES = 2000

test('timers and immediates of the parent run while one apply follows the other', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  let ticks = 0
  const interval = setInterval(() => ticks++, 1)
  t.teardown(() => clearInterval(interval))
  let immediates = 0
  for (let i = 0; i < APPLIES; i++) {
    if (i % 10 === 0) setImmediate(() => immediates++)
    t.is(await pool.apply((x: number) => x + 1, [i]), i + 1)
  }
  await new Promise((resolve) => setImmediate(resolve))
  t.is(immediates, APPLIES / 10)
  t.true(ticks > 2, `${ticks} ticks`)
})

test('timers of earlier tasks run in a worker while one apply follows the other', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  await pool.apply(() => {
    const counter = globalThis as { ticks?: number }
    counter.ticks = 0
    setInterval(() => {
      counter.ticks = (counter.ticks ?? 0) + 1
    }, 1)
  })
  for (let i = 0; i < APPLIES; i++) await pool.apply((x: number) => x, [i])
  const ticks = await pool.apply(() => (globalThis as { ticks?: number }).ticks ?? 0)
  t.true(ticks > 2, `${ticks} ticks`)
})

test('several pools of one event loop get their results side by side', async (t) => {
  const pools = [1, 2, 3].map(() => watchedPool(t, { nJobs: 1 }).pool)
  const one = async (each: (typeof pools)[number], wait: number): Promise<number> => {
    let sum = 0
    for (let i = 0; i < 300; i++) {
      sum += await each.apply(
        (x: number, ms: number) => (ms === 0 ? x : new Promise<number>((resolve) => setTimeout(() => resolve(x), ms))),
        [i, wait]
      )
    }
    return sum
  }
  const sums = await Promise.all(pools.map((each, at) => one(each, at === 2 ? 1 : 0)))
  t.deepEqual(sums, [44_850, 44_850, 44_850])
})

test('a worker that dies while the parent looks for its result rejects the task', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 50; i++) await pool.apply((x: number) => x, [i])
    await t.throwsAsync(
      pool.apply(() => process.kill(process.pid, 'SIGKILL')),
      { instanceOf: WorkerDiedError }
    )
  }
})

test('results come while the program holds its event loop, and immediates keep it awake', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  let isOver = false
  const turn = (): void => {
    if (!isOver) setImmediate(turn)
  }
  turn()
  const results = await Promise.all(Array.from({ length: 500 }, (_, i) => pool.apply((x: number) => x * 2, [i])))
  isOver = true
  t.deepEqual(
    results,
    Array.from({ length: 500 }, (_, i) => i * 2)
  )
})
