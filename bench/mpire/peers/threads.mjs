// Both pools of threads have the image in a SharedArrayBuffer, initialize where the worker's module loads, and move results. They
// cannot ask each worker for its state, so as many tasks as there are workers wait for each other.
import { merge, sampleOf } from '../benchmarks.mjs'

export const allocate = (length) => new Float64Array(new SharedArrayBuffer(8 * length))

/**
 * @param {(workers: number, workerData: unknown) => { run: (task: string, item: unknown) => Promise<any>, close: () => Promise<unknown> }} open
 */
export function withThreads(open) {
  return {
    async image({ image: pixels, width, stride, filters }, workers) {
      const pool = open(workers, { pixels, width, stride })
      const results = filters.map((filter) => pool.run('convolveShared', filter))
      const samples = []
      for (const result of results) samples.push(sampleOf(await result))
      await pool.close()
      return samples
    },
    async prefixes(documents, workers) {
      const pool = open(workers, {})
      await Promise.all(documents.map((words) => pool.run('count', words)))
      const arrived = new Int32Array(new SharedArrayBuffer(4))
      const parts = await Promise.all(Array.from({ length: workers }, () => pool.run('collect', { arrived, workers })))
      await pool.close()
      return merge(parts)
    },
    async model({ steps, maps }, workers) {
      const pool = open(workers, { steps })
      const classes = []
      for (const batches of maps) {
        classes.push(await Promise.all(batches.map((images) => pool.run('predictOne', images))))
      }
      await pool.close()
      return classes
    }
  }
}
