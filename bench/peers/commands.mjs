// What a peer's process does when it is told to. pools.py has the same commands for the pools of Python.
import { randomBytes } from 'node:crypto'
import { checkEcho, checkNumbers, medianLatency, numbers, wallSeconds } from '../timing.mjs'

/**
 * @typedef {object} Pool
 * @property {(task: 'identity' | 'burn', argument: unknown) => Promise<unknown>} run one task
 * @property {(task: 'identity' | 'burn', items: unknown[], options?: object) => Promise<unknown[]>} [map] if it has a bulk call
 * @property {() => unknown} close
 */

/** All tasks at once, each as a call of its own: what a pool without a bulk call offers. */
function runAll(pool, task, items) {
  return Promise.all(items.map((item) => pool.run(task, item)))
}

/**
 * Commands by name; each returns a number, seconds where nothing else is said.
 *
 * @param {(workers: number) => Pool | Promise<Pool>} open
 * @param {number} workers
 */
export async function commandsOf(open, workers) {
  const pool = await open(workers)
  let held
  const map = (task, items, options) => (pool.map ? pool.map(task, items, options) : runAll(pool, task, items))
  const checked = async (count, work) => {
    const items = numbers(count)
    let results
    const seconds = await wallSeconds(async () => (results = await work(items)))
    checkNumbers(items, results)
    return seconds
  }
  return {
    /** The median of `count` empty tasks, one at a time. */
    apply: (count) => medianLatency((i) => pool.run('identity', i), count),
    /** `count` calls at once. */
    concurrent: (count) => checked(count, (items) => runAll(pool, 'identity', items)),
    /** `count` empty tasks by the best call that the pool has, not tuned. */
    map: (count) => checked(count, (items) => map('identity', items)),
    /** The same, each task travelling alone. */
    single: (count) => checked(count, (items) => map('identity', items, { chunkSize: 1 })),
    /** `count` busy tasks. */
    burn: (count, iterations) => wallSeconds(() => map('burn', Array(count).fill(iterations))),
    /** As many random buffers there and back. */
    async echo(count, size) {
      const buffers = Array.from({ length: count }, () => randomBytes(size))
      let received
      const seconds = await wallSeconds(async () => (received = await map('identity', buffers)))
      checkEcho(buffers, received)
      return seconds
    },
    /** From the start of a new pool to the first result of as many tasks as it has workers. */
    async cold() {
      let fresh
      const seconds = await wallSeconds(async () => {
        fresh = await open(workers)
        await runAll(fresh, 'identity', numbers(workers))
      })
      await fresh.close()
      return seconds
    },
    /** Opens one more pool, whose workers have run one task, until `release`. */
    async hold() {
      held = await open(workers)
      await runAll(held, 'identity', numbers(workers))
      return 0
    },
    async release() {
      await held.close()
      return 0
    },
    async close() {
      await pool.close()
      return 0
    }
  }
}
