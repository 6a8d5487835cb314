import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { withThreads } from './threads.mjs'

export { allocate } from './threads.mjs'

const filename = fileURLToPath(new URL('piscina-worker.mjs', import.meta.url))

export const { image, prefixes, model } = withThreads((workers, workerData) => {
  const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers, workerData })
  return { run: (name, item) => pool.run(item, { name }), close: () => pool.destroy() }
})
