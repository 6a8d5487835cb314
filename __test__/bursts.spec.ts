import { appendFileSync, existsSync } from 'node:fs'

import test from 'ava'

import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { within } from './helpers/within.js'

// Of so many calls in a row the last one waits for others to be submitted with it.
const CALLS = 20

const note = (file: string, line: number): number => {
  appendFileSync(file, `${line}\n`)
  return line
}

const waitForFile = async (file: string): Promise<void> => {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('all tasks of a burst of applies run although the program blocks right after it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const file = gates.path('ran')
  await pool.apply(note, [gates.path('other'), 0])
  const calls = Array.from({ length: CALLS }, (_, i) => pool.apply(note, [file, i]))
  const end = performance.now() + 100_000
  while (gates.lines('ran').length < CALLS && performance.now() < end);
  t.is(gates.lines('ran').length, CALLS)
  t.is((await within(Promise.all(calls), 'a call stays open')).length, CALLS)
})

test('the tasks of a burst begin in the order of the calls, between those of other calls too', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const file = gates.path('ran')
  await pool.apply(note, [gates.path('other'), 0])
  const map = pool.map((x: number) => x, [1, 2, 3])
  const calls = Array.from({ length: 300 }, (_, i) => pool.apply(note, [file, i]))
  const large = pool.apply((text: string) => text.length, ['x'.repeat(100_000)])
  t.deepEqual(await within(Promise.all([map, large]), 'a call stays open'), [[1, 2, 3], 100_000])
  await within(Promise.all(calls), 'a call stays open')
  t.deepEqual(
    gates.lines('ran'),
    Array.from({ length: 300 }, (_, i) => `${i}`)
  )
})

test('whoever asks for counts right after a burst finds all of its tasks', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const calls = Array.from({ length: CALLS }, (_, i) => pool.apply((x: number) => x, [i]))
  const { submitted, completed, failed, cancelled, running, queued } = pool.stats
  t.is(submitted, CALLS)
  t.is(completed + failed + cancelled + running + queued, CALLS)
  await within(Promise.all(calls), 'a call stays open')
  t.is(pool.stats.completed, CALLS)
})

test('maxQueue counts the tasks of a burst that wait for each other', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, maxQueue: CALLS - 2 })
  const gates = new Gates(t)
  const calls = Array.from({ length: CALLS }, (_, i) => pool.apply(note, [gates.path('ran'), i]))
  const ends = await within(Promise.allSettled(calls), 'a call stays open')
  t.deepEqual(
    ends.map(({ status }) => status),
    [...Array.from({ length: CALLS - 1 }, () => 'fulfilled'), 'rejected']
  )
})

test('a call of a burst that is aborted right away does not run, and the others do', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  await pool.apply(note, [gates.path('other'), 0])
  const controller = new AbortController()
  // No task of the burst ends before the abort, however slow this process is.
  const first = pool.apply(waitForFile, [gates.path('aborted')])
  const calls = Array.from({ length: CALLS }, (_, i) =>
    pool.apply(note, [gates.path('ran'), i], i === CALLS - 1 ? { signal: controller.signal } : {})
  )
  controller.abort()
  gates.open('aborted')
  await within(first, 'the first call stays open')
  const ends = await within(Promise.allSettled(calls), 'a call stays open')
  t.deepEqual(ends[CALLS - 1], { status: 'rejected', reason: controller.signal.reason as unknown })
  t.is(ends.filter(({ status }) => status === 'fulfilled').length, CALLS - 1)
  t.is(pool.stats.cancelled, 1)
  t.is(gates.lines('ran').length, CALLS - 1)
})

test('terminate right after a burst rejects every call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const calls = Array.from({ length: CALLS }, (_, i) => pool.apply((x: number) => x, [i]))
  const settled = Promise.allSettled(calls)
  await within(pool.terminate(), 'the pool does not end')
  const ends = await within(settled, 'a call stays open')
  t.true(ends.every(({ status }) => status === 'rejected'))
  const { submitted, cancelled, completed } = pool.stats
  t.is(cancelled + completed, submitted)
})

test('stopAndJoin right after a burst waits for all of its tasks', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const calls = Array.from({ length: CALLS }, (_, i) => pool.apply((x: number) => x * 2, [i]))
  await within(pool.stopAndJoin(), 'the pool does not end')
  t.deepEqual(
    await Promise.all(calls),
    Array.from({ length: CALLS }, (_, i) => i * 2)
  )
})
