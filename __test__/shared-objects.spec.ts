import test from 'ava'

import { type TaskContext, WorkerPool } from '../dist/index.js'
import { isInline, testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'

const PASS = { passContext: true } as const

class Counter {
  value: number
  constructor(value: number) {
    this.value = value
  }
  twice(): number {
    return this.value * 2
  }
}

testBoth('every value that can travel is in context.shared as it was', async (t) => {
  const one = { name: 'one' }
  const sharedObjects = {
    map: new Map([['a', { deep: [1, -0, NaN] }]]),
    set: new Set([1n]),
    bytes: new Uint8Array([1, 2, 3]),
    date: new Date(5),
    same: [one, one],
    counter: new Counter(21),
    add: (x: number, y: number): number => x + y,
    missing: undefined
  }
  const { pool } = watchedPool(t, { nJobs: 1, sharedObjects })
  const look = ({ shared }: TaskContext): unknown => {
    const { map, set, bytes, date, same, counter, add } = shared as typeof sharedObjects
    return [map, set, bytes, date, same[0] === same[1], counter.twice(), add(1, 2), Object.keys(shared as object)]
  }
  const { map, set, bytes, date } = sharedObjects
  t.deepEqual(await pool.apply(look, [], PASS), [map, set, bytes, date, true, 42, 3, Object.keys(sharedObjects)])
})

testBoth('it is one object for all tasks and calls of a worker, and undefined without the option', async (t) => {
  const sharedObjects = { seen: 0 }
  const { pool } = watchedPool(t, { nJobs: 1, sharedObjects })
  const see = (_item: number, { shared }: TaskContext): number => ++(shared as { seen: number }).seen
  t.deepEqual(await pool.map(see, [1, 2, 3], PASS), [1, 2, 3])
  t.is(await pool.apply(see, [1], PASS), 4)
  t.is(sharedObjects.seen, 0, 'the program has an object of its own')
  const { pool: plain } = watchedPool(t, { nJobs: 1 })
  t.is(await plain.apply(({ shared }: TaskContext) => shared, [], PASS), undefined)
})

testBoth('it is there in workerInit and in workerExit', async (t) => {
  const { pool } = watchedPool(t, {
    nJobs: 1,
    sharedObjects: [3],
    workerInit: ({ shared, state }) => {
      state['init'] = shared
    },
    workerExit: ({ shared, state }) => state['init'] === shared && shared
  })
  await pool.apply(() => 1)
  await pool.stopAndJoin()
  t.deepEqual(pool.getExitResults(), [[3]])
})

test('large objects are sent once to each worker, and again to a replacement', async (t) => {
  const sharedObjects = {
    table: new Float64Array(4e6).fill(1.5),
    rows: Array.from({ length: 20_000 }, (_, id) => ({ id }))
  }
  const { pool } = watchedPool(t, { nJobs: 2, sharedObjects })
  const look = (at: number, { shared, state }: TaskContext): unknown => {
    const { table, rows } = shared as typeof sharedObjects
    const isSame = state['table'] === undefined || state['table'] === table
    state['table'] = table
    return isSame && table[at] === 1.5 && rows[at]?.id === at
  }
  const items = Array.from({ length: 1_000 }, (_, at) => at)
  t.true((await pool.map(look, items, { chunkSize: 1, ...PASS })).every(Boolean))
  await pool.recycle()
  t.true((await pool.map(look, items, PASS)).every(Boolean))
})

testBoth('what cannot be sent rejects the first call, by name', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, sharedObjects: { deep: [new WeakMap()] } })
  const refused = {
    code: 'ERR_POOL_FUNCTION',
    message: /^sharedObjects holds a WeakMap at sharedObjects\.deep\[0\]: make it in workerInit/
  }
  await t.throwsAsync(
    pool.apply(() => 1),
    refused
  )
  await t.throwsAsync(
    pool.map((x: number) => x, [1]),
    refused
  )
  t.is(isInline(t) ? 0 : pool.workers.length, 0)
})

test('the option is typed through to the context', async (t) => {
  const pool = new WorkerPool({ nJobs: 0, sharedObjects: { factor: 3 } })
  const times = await pool.map((x: number, { shared }) => x * shared.factor, [1, 2], { passContext: true })
  t.deepEqual(times, [3, 6])
  await pool.stopAndJoin()
})
