import { fileURLToPath } from 'node:url'
import { Worker } from 'jest-worker'

export function open() {
  const script = fileURLToPath(new URL('../tasks.mjs', import.meta.url))
  const pool = new Worker(script, { numWorkers: 2, exposedMethods: ['work'], enableWorkerThreads: false })
  return { run: (task) => pool.work(task), close: () => pool.end(), terminate: () => pool.end() }
}
