import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { peerOfCalls } from './node-pool.mjs'

/** @param {number} workers @returns {Promise<import('./node-pool.mjs').Peer>} */
export async function open(workers) {
  const filename = fileURLToPath(new URL('../tasks.mjs', import.meta.url))
  const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers })
  return peerOfCalls(
    'piscina (threads)',
    (name, argument) => pool.run(argument, { name }),
    () => pool.destroy()
  )
}
