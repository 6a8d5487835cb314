// A task that has ended counts, even if what it left behind ends its worker a moment later.
import { appendFileSync } from 'node:fs'
import test from 'ava'

import { task, type WorkerPool } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'

const COUNT = 6
const items = Array.from({ length: COUNT }, (_, item) => item)
const results = items.map((item) => item * 2)

type Job = (item: number) => number | Promise<number>
type Run = (pool: WorkerPool, job: Job) => Promise<readonly unknown[]>

/** Tasks longer than a time slice of a worker, so its event loop runs between them. The first one leaves a timer that ends the worker. */
const jobs: Readonly<Record<string, (notes: string, end: string) => Job>> = {
  synchronous: (notes, end) => (item) => {
    appendFileSync(notes, `${item}\n`)
    const last = performance.now() + 5
    if (item === 0) setTimeout(() => (end === 'exit' ? process.exit(0) : process.kill(process.pid, 'SIGKILL')), 0)
    while (performance.now() < last);
    return item * 2
  },
  asynchronous: (notes, end) => async (item) => {
    appendFileSync(notes, `${item}\n`)
    const last = performance.now() + 5
    if (item === 0) setTimeout(() => (end === 'exit' ? process.exit(0) : process.kill(process.pid, 'SIGKILL')), 0)
    while (performance.now() < last);
    return item * 2
  }
}

const calls: Readonly<Record<string, Run>> = {
  apply: (pool, job) => Promise.all(items.map((item) => pool.apply(job, [item]))),
  map: (pool, job) => pool.map(job, items, { chunkSize: COUNT }),
  mapSettled: async (pool, job) =>
    (await pool.mapSettled(job, items, { chunkSize: COUNT })).map((each) =>
      each.status === 'fulfilled' ? each.value : each.reason
    ),
  async imap(pool, job) {
    const values: unknown[] = []
    for await (const value of pool.imap(job, items, { chunkSize: COUNT })) values.push(value)
    return values
  }
}

for (const [kind, jobOf] of Object.entries(jobs)) {
  for (const [method, run] of Object.entries(calls)) {
    for (const end of method === 'map' ? ['exit', 'SIGKILL'] : ['SIGKILL']) {
      test(`a timer that a task has left takes no result with it: ${end}, ${kind}, ${method}`, async (t) => {
        const gates = new Gates(t)
        const { pool } = watchedPool(t, { nJobs: 1 })
        t.deepEqual(await run(pool, jobOf(gates.path('notes'), end)), results)
        // Each ran once.
        t.deepEqual(gates.lines('notes').map(Number).toSorted(), items)
        await pool.stopAndJoin()
      })
    }
  }
}

test('the first task of a loaded function runs before an error that was left while it was loaded', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const errors: unknown[] = []
  pool.on('error', (error) => errors.push(error))
  const job = task<() => string>(new URL('./fixtures/left-error.mjs', import.meta.url), 'job')
  t.is(await pool.apply(job), 'done')
  await pool.stopAndJoin()
})
