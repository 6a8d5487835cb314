// How much a call costs as one thing about it grows. `run` does it once at one size, after `prepare`, which does not count.
import { tasks, WorkerPool } from 'millrace'

const { identity } = tasks(new URL('../tasks.mjs', import.meta.url))

/**
 * @typedef {object} Cost
 * @property {string} key
 * @property {string} title
 * @property {string} grows the label of the axis
 * @property {readonly number[]} sizes
 * @property {(size: number) => Promise<unknown>} [prepare] its result is handed to `run` and `end`
 * @property {(size: number, prepared: any) => Promise<void>} run
 * @property {(prepared: any) => Promise<void>} [end]
 */

/** A pool with all its workers started and its task loaded. */
async function warmPool(nJobs = 2) {
  const pool = new WorkerPool({ nJobs })
  await pool.warm(identity)
  await pool.map(identity, counting(10_000), { chunkSize: 10 })
  return pool
}

function* counting(count) {
  for (let i = 0; i < count; i += 1) yield i
}

function check(found, expected) {
  if (found !== expected) throw new Error(`found ${found}, expected ${expected}`)
}

const withPool = { prepare: () => warmPool(), end: (pool) => pool.stopAndJoin() }

/** @type {readonly Cost[]} */
export const costs = [
  {
    key: 'imap',
    title: 'imap over a generator',
    grows: 'items',
    sizes: [1e4, 1e5, 1e6, 1e7],
    ...withPool,
    async run(size, pool) {
      let sum = 0
      for await (const value of pool.imap(identity, counting(size))) sum += value
      check(sum, (size * (size - 1)) / 2)
    }
  },
  {
    key: 'map',
    title: 'map over a generator',
    grows: 'items',
    sizes: [1e4, 1e5, 1e6, 1e7],
    ...withPool,
    async run(size, pool) {
      const results = await pool.map(identity, counting(size))
      check(results.length, size)
      check(results[size - 1], size - 1)
    }
  },
  {
    key: 'apply',
    title: 'apply, all at once',
    grows: 'calls',
    sizes: [10, 100, 1000, 1e4, 1e5, 1e6],
    ...withPool,
    async run(size, pool) {
      const calls = Array.from({ length: size }, (_, i) => pool.apply(identity, [i]))
      check((await Promise.all(calls))[size - 1], size - 1)
    }
  },
  {
    key: 'bytes',
    title: 'one buffer there and back',
    grows: 'bytes',
    sizes: [1, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9],
    async prepare(size) {
      const pool = await warmPool()
      return { pool, buffer: Buffer.alloc(size, 7) }
    },
    async run(size, { pool, buffer }) {
      check((await pool.apply(identity, [buffer])).length, size)
    },
    end: ({ pool }) => pool.stopAndJoin()
  },
  {
    key: 'workers',
    title: 'map of 1e6 empty tasks',
    grows: 'workers',
    sizes: [1, 2, 4, 16, 64, 256],
    prepare: (size) => warmPool(size),
    async run(_size, pool) {
      check((await pool.map(identity, counting(1e6))).length, 1e6)
    },
    end: (pool) => pool.stopAndJoin()
  },
  {
    key: 'starts',
    title: 'start and join workers',
    grows: 'workers',
    sizes: [1, 2, 4, 16, 64, 256],
    async run(size) {
      const pool = new WorkerPool({ nJobs: size })
      await pool.map(identity, counting(size), { chunkSize: 1 })
      await pool.stopAndJoin()
    }
  },
  {
    key: 'pools',
    title: 'pools of one worker: open, one apply, close',
    grows: 'pools',
    sizes: [1, 3, 10, 30, 100],
    async run(size) {
      const pools = Array.from({ length: size }, () => new WorkerPool({ nJobs: 1 }))
      const results = await Promise.all(pools.map((pool, i) => pool.apply(identity, [i])))
      check(results.at(-1), size - 1)
      await Promise.all(pools.map((pool) => pool.stopAndJoin()))
    }
  }
]
