import { fileURLToPath } from 'node:url'
import workerpool from 'workerpool'

export function open() {
  const script = fileURLToPath(new URL('../workers/workerpool.mjs', import.meta.url))
  const pool = workerpool.pool(script, { workerType: 'process', minWorkers: 2, maxWorkers: 2 })
  return {
    run: (task) => Promise.resolve(pool.exec('work', [task])),
    close: () => pool.terminate(),
    terminate: () => pool.terminate(true)
  }
}
