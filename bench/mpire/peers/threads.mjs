// Both pools of threads have the image in a SharedArrayBuffer, initialize where the worker's module loads, and move results. They
// cannot ask each worker for its state, so as many tasks as there are workers wait for each other.
import { merge } from '../benchmarks.mjs'
import { convolveAll, predictAll } from './items.mjs'

export const allocate = (length) => new Float64Array(new SharedArrayBuffer(8 * length))

/**
 * @param {(workers: number, workerData: unknown) => import('./items.mjs').ItemPool} open
 */
export function withThreads(open) {
  return {
    image({ image: pixels, width, stride, filters }, workers) {
      return convolveAll(open(workers, { pixels, width, stride }), filters)
    },
    async prefixes(documents, workers) {
      const pool = open(workers, {})
      await Promise.all(documents.map((words) => pool.run('count', words)))
      const arrived = new Int32Array(new SharedArrayBuffer(4))
      const parts = await Promise.all(Array.from({ length: workers }, () => pool.run('collect', { arrived, workers })))
      await pool.close()
      return merge(parts)
    },
    model({ steps, maps }, workers) {
      return predictAll(open(workers, { steps }), maps)
    }
  }
}
