import { fileURLToPath } from 'node:url'
import { Worker } from 'jest-worker'

/** @param {number} workers @returns {import('./commands.mjs').Pool} */
export function open(workers) {
  const script = fileURLToPath(new URL('../tasks.mjs', import.meta.url))
  const pool = new Worker(script, {
    numWorkers: workers,
    exposedMethods: ['identity', 'burn'],
    enableWorkerThreads: false,
    forkOptions: { serialization: 'advanced' }
  })
  return { run: (name, argument) => pool[name](argument), close: () => pool.end() }
}
