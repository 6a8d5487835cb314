import { tasks, WorkerPool } from 'millrace'
import { checkEcho, medianLatency, numbers, wallSeconds } from '../timing.mjs'

/** @param {number} workers @returns {Promise<import('./node-pool.mjs').Peer>} */
export async function open(workers) {
  const pool = new WorkerPool({ nJobs: workers })
  const { identity, burn } = tasks(new URL('../tasks.mjs', import.meta.url))
  return {
    name: 'millrace',
    apply: (count) => medianLatency((i) => pool.apply(identity, [i]), count),
    chunked(count) {
      const items = numbers(count)
      return wallSeconds(() => pool.map(identity, items))
    },
    unchunked(count) {
      const items = numbers(count)
      return wallSeconds(() => pool.map(identity, items, { chunkSize: 1 }))
    },
    burn(count, iterations) {
      const items = Array(count).fill(iterations)
      return wallSeconds(() => pool.map(burn, items))
    },
    async echo(buffers) {
      let received = []
      const seconds = await wallSeconds(async () => (received = await pool.map(identity, buffers)))
      checkEcho(buffers, received)
      return seconds
    },
    close: () => pool.stopAndJoin()
  }
}
