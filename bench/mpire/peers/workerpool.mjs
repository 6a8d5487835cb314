import { fileURLToPath } from 'node:url'
import workerpool from 'workerpool'
import { withThreads } from './threads.mjs'

export { allocate } from './threads.mjs'

const script = fileURLToPath(new URL('workerpool-worker.mjs', import.meta.url))

export const { image, prefixes, model } = withThreads((workers, workerData) => {
  const pool = workerpool.pool(script, {
    workerType: 'thread',
    minWorkers: workers,
    maxWorkers: workers,
    workerThreadOpts: { workerData }
  })
  return { run: (name, item) => pool.exec(name, [item]), close: () => pool.terminate() }
})
