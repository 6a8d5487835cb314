import assert from 'node:assert'
import test from 'ava'
import type { MapOptions } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { randomNumbers } from './helpers/random.js'
import { RandomValues } from './helpers/values.js'

// Another seed for a run of one's own; a failure tells which one it was.
const seed = Number(process.env['MILLRACE_SEED'] ?? 20_261_123)

test.serial(`random values come back as from structuredClone, for all chunk sizes (seed ${seed})`, async (t) => {
  const values = new RandomValues(randomNumbers(seed))
  const same = (x: unknown): unknown => x
  const pools = [1, 2, 3].map((nJobs) => watchedPool(t, { nJobs }).pool)
  for (let round = 0; round < 60; round++) {
    const items = Array.from({ length: values.below(60) }, () => values.next())
    // By the engine's own copy: the items themselves are copied twice on their way.
    const wanted = items.map((item) => structuredClone(item))
    const options: MapOptions = {
      chunkSize: values.below(3) === 0 ? undefined : 1 + values.below(20),
      maxTasksActive: values.below(3) === 0 ? 1 + values.below(30) : undefined,
      orderTasks: values.below(4) === 0
    }
    const pool = pools[values.below(pools.length)]
    if (pool === undefined) throw new Error('no such pool')
    const label = `round ${round} of seed ${seed}: ${JSON.stringify(options)}`
    const back = await pool.map(same, items, options)
    t.is(back.length, wanted.length, label)
    for (const [index, value] of wanted.entries()) assert.deepStrictEqual(back[index], value, `${label}, item ${index}`)

    const lazy: unknown[] = []
    for await (const value of pool.imap(same, items, options)) lazy.push(value)
    assert.deepStrictEqual(lazy, wanted, label)
  }
})
