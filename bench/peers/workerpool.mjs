import { fileURLToPath } from 'node:url'
import workerpool from 'workerpool'

/** @param {number} workers @returns {import('./commands.mjs').Pool} */
export function open(workers) {
  const script = fileURLToPath(new URL('workerpool-worker.mjs', import.meta.url))
  const pool = workerpool.pool(script, {
    workerType: 'process',
    minWorkers: workers,
    maxWorkers: workers,
    forkOpts: { serialization: 'advanced' }
  })
  return { run: (name, argument) => pool.exec(name, [argument]), close: () => pool.terminate() }
}
