// What a worker thread of piscina and of workerpool has; it initializes itself when it loads.
import { convolve, countPrefixes, loadModel, predict } from '../work.mjs'

/** @param {Record<string, any>} workerData @param {(result: Float64Array) => unknown} move how a result is moved and not copied */
export function tasksOf({ pixels, width, stride, steps }, move) {
  const counts = new Map()
  const weights = steps === undefined ? undefined : loadModel(steps)
  return {
    convolveShared: (filter) => move(convolve(pixels, width, stride, filter)),
    count: (words) => countPrefixes(counts, words),
    collect({ arrived, workers }) {
      Atomics.add(arrived, 0, 1)
      Atomics.notify(arrived, 0)
      for (let seen; (seen = Atomics.load(arrived, 0)) < workers;) Atomics.wait(arrived, 0, seen)
      return counts
    },
    predictOne: (images) => predict(weights, images)
  }
}
