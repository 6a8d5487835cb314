import { Tinypool } from 'tinypool'
import { peerOfCalls } from './node-pool.mjs'

/** @param {number} workers @returns {Promise<import('./node-pool.mjs').Peer>} */
export async function open(workers) {
  const pool = new Tinypool({
    runtime: 'child_process',
    serialization: 'advanced',
    filename: new URL('../tasks.mjs', import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    isolateWorkers: false
  })
  return peerOfCalls(
    'tinypool (processes)',
    (name, argument) => pool.run(argument, { name }),
    () => pool.destroy()
  )
}
