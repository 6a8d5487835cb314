import test from 'ava'

import type { TaskContext } from '../dist/index.js'
import { isInline, testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'

const PASS = { passContext: true } as const
const count = (_item: unknown, { state }: TaskContext): number => (state['n'] = Number(state['n'] ?? 0) + 1)

testBoth('with keepAlive: false each call has workers of its own, whose exits run', async (t) => {
  const inits = { workerInit: ({ state }: TaskContext) => void (state['n'] = 10) }
  const { pool, exits } = watchedPool(t, {
    nJobs: 1,
    keepAlive: false,
    sharedObjects: ['shared'],
    workerExit: ({ state, shared }) => [state['n'], shared],
    ...inits
  })
  t.deepEqual(await pool.map(count, [1, 2, 3], PASS), [11, 12, 13])
  t.is(await pool.apply(count, [0], PASS), 11)
  t.deepEqual(await pool.map(count, [1, 2], PASS), [11, 12])
  await pool.stopAndJoin()
  const results = [13, 11, 12].map((n) => [n, ['shared']])
  t.deepEqual(pool.getExitResults(), results)
  t.is(exits.length, isInline(t) ? 0 : 3)
})

test('workers stay while another call is open', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, keepAlive: false })
  const pid = (): number => process.pid
  const [one, other] = await Promise.all([pool.apply(pid), pool.apply(pid)])
  t.is(one, other)
  t.not(await pool.apply(pid), one)
})
