import { readFileSync } from 'node:fs'
import test from 'ava'

import type { WorkerInfo } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'

const MEBIBYTE = 2 ** 20
const pidOf = (): number => process.pid

/** How many system calls that read this process has made. Reading it costs a few. */
function readsSoFar(): number {
  return Number(/^syscr: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

test('the figures of workers are known without asking the system', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  await pool.map(pidOf, [1, 2])
  const before = readsSoFar()
  let seen = 0
  for (let n = 0; n < 10_000; n++) seen += pool.workers.length
  // Other threads of this process read as well.
  t.true(seen > 0 && readsSoFar() - before < 5_000)
})

test('a worker that has started has measured its memory', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const started = new Promise<WorkerInfo>((resolve) => pool.once('workerStart', resolve))
  await pool.apply(pidOf)
  const { rss, pid } = await started
  t.true(rss > 20 * MEBIBYTE && rss < 2 ** 34, `${rss} bytes`)
  t.like(pool.workers[0], { pid })
  t.true((pool.workers[0]?.rss ?? 0) > 20 * MEBIBYTE)
})

test('a replacement has figures of its own', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const first = await pool.apply(pidOf)
  await pool.recycle()
  const second = await pool.apply(pidOf)
  t.not(first, second)
  const [worker] = pool.workers
  t.is(worker?.pid, second)
  t.true((worker?.rss ?? 0) > 20 * MEBIBYTE)
})
