import { devNull } from 'node:os'
import { fileURLToPath } from 'node:url'

import test, { type ExecutionContext } from 'ava'

import { tasks, WorkerDiedError, type WorkerPool } from '../dist/index.js'
import { WAS_ABORTED, WAS_KILLED } from './helpers/deaths.js'
import { watchedPool } from './helpers/pools.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof import('./fixtures/jobs-ends.mjs')>(new URL('./fixtures/jobs-ends.mjs', import.meta.url))

async function death(t: ExecutionContext, promise: Promise<unknown>): Promise<WorkerDiedError> {
  const error = await t.throwsAsync(within(promise, 'the call has failed'), { instanceOf: WorkerDiedError })
  return error as WorkerDiedError
}

/** The message without what differs from run to run. */
function wordsOf({ message, pid, uptime }: WorkerDiedError): string {
  return message.replace(`pid ${pid}, up ${(uptime / 1000).toFixed(1)} s`, 'PID')
}

function applyTo(pool: WorkerPool, end: string, ...rest: unknown[]): Promise<unknown> {
  return pool.apply(jobs.apply as unknown as (...args: unknown[]) => unknown, [end, ...rest])
}

test('the error of a lost task says how its worker ended, which task it was, and shows the item', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const items = [{ n: 1 }, { n: 2, end: 'exit' as const }, { n: 3 }]
  const error = await death(t, pool.map(jobs.run, items, { chunkSize: 3 }))
  t.is(wordsOf(error), "worker 0 (PID) exited with code 7 while it ran task 1: { n: 2, end: 'exit' }")
  t.like(error, { exitCode: 7, signal: null, workerId: 0, index: 1, pid: exits[0]?.pid })
  t.true(Number.isInteger(error.uptime) && error.uptime > 0)
  t.regex(error.stack ?? '', /worker-errors\.spec/)

  const killed = await death(t, pool.map(jobs.run, [{ end: 'kill' as const }]))
  t.is(wordsOf(killed), `worker 0 (PID) ${WAS_KILLED} while it ran task 0: { end: 'kill' }`)
  const settled = await pool.mapSettled(jobs.run, [...items, { end: 'abort' as const }], { chunkSize: 4 })
  const reasons = settled.flatMap((each) =>
    each.status === 'rejected' ? [wordsOf(each.reason as WorkerDiedError)] : []
  )
  t.deepEqual(reasons, [
    "worker 0 (PID) exited with code 7 while it ran task 1: { n: 2, end: 'exit' }",
    `worker 0 (PID) ${WAS_ABORTED} while it ran task 3: { end: 'abort' }`
  ])
})

test('the error of an apply shows the arguments, and of a large item the part that fits a line', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const error = await death(t, applyTo(pool, 'exit', [1, 2], undefined))
  t.is(wordsOf(error), "worker 0 (PID) exited with code 7 while it ran task 0: ('exit', [ 1, 2 ], undefined)")
  const large = await death(t, applyTo(pool, 'exit', 'a\nb'.repeat(200), { deep: { deeper: { deepest: 1 } } }))
  const shown = large.message.slice(large.message.indexOf("('exit'"))
  t.true(shown.length === 100 && shown.endsWith('…') && !shown.includes('\n'), shown)
  // The message has the first bytes of a large buffer, and the rest of it is elsewhere.
  const items = [{ n: 1 }, { end: 'exit' as const, bytes: new Uint8Array(5 * 1024 * 1024).fill(7) }]
  const huge = await death(t, pool.map(jobs.run, items, { chunkSize: 2 }))
  const start =
    "worker 0 (PID) exited with code 7 while it ran task 1: { end: 'exit', bytes: Uint8Array(5242880) [ 7, 7,"
  t.is(wordsOf(huge).slice(0, start.length), start)
  // The same of a large string.
  const long = await death(
    t,
    pool.map(jobs.run, [{ n: 1 }, { end: 'exit' as const, text: 'x'.repeat(5e6) }], { chunkSize: 2 })
  )
  t.regex(
    wordsOf(long),
    /^worker 0 \(PID\) exited with code 7 while it ran task 1: \{ end: 'exit', text: 'x+'\.\.\. 4999940 more…$/
  )
})

test('an item that its iterator reuses is shown as it was sent', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  function* reuse(): Generator<{ n: number; end?: 'exit' }> {
    const item: { n: number; end?: 'exit' } = { n: 0 }
    for (; item.n < 4; item.n++) {
      if (item.n === 2) item.end = 'exit'
      else delete item.end
      yield item
    }
  }
  const error = await death(t, pool.map(jobs.run, reuse(), { chunkSize: 4, maxTasksActive: 4 }))
  t.is(wordsOf(error), "worker 0 (PID) exited with code 7 while it ran task 2: { n: 2, end: 'exit' }")
})

test('a death by a full heap is reported with the limit; other aborts are not', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, execArgv: ['--max-old-space-size=32'] })
  const error = await death(t, applyTo(pool, 'heap'))
  t.regex(
    wordsOf(error),
    /^worker 0 \(PID\) (was killed by SIG\w+|exited with code 134) \(JavaScript heap out of memory, limit 32 MB\) while it ran task 0: \('heap'\)$/
  )
  const aborted = await death(t, applyTo(pool, 'abort'))
  t.is(wordsOf(aborted), `worker 0 (PID) ${WAS_ABORTED} while it ran task 0: ('abort')`)
})

test('the error says if no worker lived to begin the task', async (t) => {
  const execArgv = ['--require', fileURLToPath(new URL('./fixtures/preload-dies-when-ready.cjs', import.meta.url))]
  const env = { SPAWNS: devNull, DIES_UNTIL: '/does/not/exist' }
  const { pool, exits } = watchedPool(t, { nJobs: 1, execArgv, env })
  const error = await death(t, pool.apply(jobs.run, [{}]))
  t.is(wordsOf(error), `worker 0 (PID) ${WAS_KILLED} before it began task 0: ({})`)
  t.is(error.pid, exits.at(-1)?.pid ?? 0)
})
