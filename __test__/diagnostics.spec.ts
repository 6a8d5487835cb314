import { channel } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'

import type { TaskMessage, WorkerMessage } from '../dist/index.js'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'

type Seen = readonly ['start' | 'end' | 'error', TaskMessage]

/** What the channels of tasks publish from now on. The tests of this file run one after the other. */
function listen(t: ExecutionContext): readonly Seen[] {
  const seen: Seen[] = []
  for (const what of ['start', 'end', 'error'] as const) {
    const tasks = channel(`millrace:task:${what}`)
    const listener = (message: unknown): void => void seen.push([what, message as TaskMessage])
    tasks.subscribe(listener)
    t.teardown(() => tasks.unsubscribe(listener))
  }
  return seen
}

/** The indexes of the tasks that a channel has published, in ascending order. */
function indexes(seen: readonly Seen[], what: Seen[0]): readonly number[] {
  const found = seen.filter(([kind]) => kind === what).map(([, { index }]) => index)
  return found.toSorted((a, b) => a - b)
}

const count = (length: number): number[] => Array.from({ length }, (_, n) => n)
const double = (x: number): number => 2 * x

function failAt3(x: number): number {
  if (x === 3) throw new Error('three')
  return x
}

testBoth.serial('each task of a map has a start and then an end, by the same object', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const seen = listen(t)
  await pool.map(double, count(100))
  t.deepEqual(indexes(seen, 'start'), count(100))
  t.deepEqual(indexes(seen, 'end'), count(100))
  t.deepEqual(indexes(seen, 'error'), [])
  const begun = new Set<TaskMessage>()
  for (const [what, message] of seen) {
    t.like(message, { method: 'map', name: 'double' })
    if (what === 'start') begun.add(message)
    else t.true(begun.delete(message))
  }
  t.is(begun.size, 0)
  t.is(new Set(seen.map(([, { call }]) => call)).size, 1)
})

testBoth.serial('a failed task has an error and no end', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const seen = listen(t)
  await pool.mapSettled(failAt3, count(6))
  t.deepEqual(indexes(seen, 'end'), [0, 1, 2, 4, 5])
  t.deepEqual(indexes(seen, 'error'), [3])
  t.like(seen.find(([what]) => what === 'error')?.[1].error, { message: 'three' })
})

testBoth.serial('when a call fails, each task that was sent has ended, with the error of the call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const seen = listen(t)
  const error = await t.throwsAsync(pool.map(failAt3, count(40), { chunkSize: 1 }))
  const ends = [...indexes(seen, 'end'), ...indexes(seen, 'error')].toSorted((a, b) => a - b)
  t.deepEqual(ends, indexes(seen, 'start'))
  t.true(seen.filter(([what]) => what === 'error').every(([, message]) => message.error === error))
})

testBoth.serial('apply, wrap and iterators report their tasks too', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const seen = listen(t)
  await pool.apply(double, [1])
  await pool.wrap(double)(2)
  await t.throwsAsync(pool.apply(failAt3, [3]))
  t.deepEqual(seen.map(([what, { method }]) => `${method} ${what}`), ['apply start', 'apply end', 'apply start', 'apply end', 'apply start', 'apply error']) // prettier-ignore
  for await (const value of pool.imapUnordered(double, count(50))) if (value === 4) break
  const ofMap = seen.filter(([, { method }]) => method === 'imapUnordered')
  t.deepEqual([...indexes(ofMap, 'end'), ...indexes(ofMap, 'error')].toSorted((a, b) => a - b), indexes(ofMap, 'start')) // prettier-ignore
  t.true(ofMap.length > 0)
})

testBoth.serial('items that cannot be sent have a start and an error', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const seen = listen(t)
  await pool.mapSettled((x: unknown) => x, [1, Symbol('no'), 3])
  t.deepEqual(indexes(seen, 'start'), [0, 1, 2])
  t.deepEqual(indexes(seen, 'error'), [1])
  t.is(Reflect.get(seen.find(([what]) => what === 'error')?.[1].error as Error, 'path'), 'items[1]')
})

testBoth.serial('with batch each item has messages', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const seen = listen(t)
  await pool.map((batch: number[]) => batch, count(25), { batch: 10 })
  t.deepEqual(indexes(seen, 'start'), count(25))
  t.deepEqual(indexes(seen, 'end'), count(25))
})

testBoth.serial('a slice of a typed array is one task', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const seen = listen(t)
  await pool.map((part: Float64Array) => part, new Float64Array(1_000), { slices: true, chunkSize: 300, concatenate: true }) // prettier-ignore
  t.is(indexes(seen, 'start').length, 4)
  t.deepEqual(indexes(seen, 'end'), indexes(seen, 'start'))
})

test.serial('a task whose worker dies has an error, and so do those that are open at terminate', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const seen = listen(t)
  await t.throwsAsync(
    pool.apply(() => process.kill(process.pid, 'SIGKILL')),
    { code: 'ERR_POOL_WORKER_DIED' }
  )
  const open = pool.apply(sleep, [1_000_000])
  await pool.terminate()
  await t.throwsAsync(open, { code: 'ERR_POOL_TERMINATED' })
  const codes = seen.filter(([what]) => what === 'error').map(([, { error }]) => Reflect.get(error as Error, 'code'))
  t.deepEqual(codes, ['ERR_POOL_WORKER_DIED', 'ERR_POOL_TERMINATED'])
})

test.serial('workers have a start and an exit, with the number of their pool', async (t) => {
  const seen: (readonly [string, WorkerMessage])[] = []
  for (const what of ['start', 'exit']) {
    const workers = channel(`millrace:worker:${what}`)
    const listener = (message: unknown): void => void seen.push([what, message as WorkerMessage])
    workers.subscribe(listener)
    t.teardown(() => workers.unsubscribe(listener))
  }
  const { pool, started, exits } = watchedPool(t, { nJobs: 1 })
  const tasks = listen(t)
  await pool.apply(double, [1])
  await pool.stopAndJoin()
  const [worker] = started
  const [exit] = exits
  t.is(seen.length, 2)
  t.like(seen[0], ['start', { workerId: 0, pid: worker?.pid, pool: tasks[0]?.[1].pool }])
  t.like(seen[1], ['exit', { workerId: 0, pid: exit?.pid, exit: { reason: 'closed', exitCode: 0 } }])
})

test.serial('a call that is made while nobody listens publishes nothing later', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const results = pool.imap(double, [1, 2])
  const seen = listen(t)
  for await (const _ of results);
  t.deepEqual(seen, [])
})
