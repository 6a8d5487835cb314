// No workers: what the others are compared with.
import { sampleOf } from '../benchmarks.mjs'
import { convolve, countPrefixes, loadModel, predict } from '../work.mjs'

export const allocate = (length) => new Float64Array(length)

export async function image({ image: pixels, width, stride, filters }) {
  return filters.map((filter) => sampleOf(convolve(pixels, width, stride, filter)))
}

export async function prefixes(documents) {
  const counts = new Map()
  for (const words of documents) countPrefixes(counts, words)
  return counts
}

export async function model({ steps, maps }) {
  const weights = loadModel(steps)
  return maps.map((batches) => batches.map((images) => predict(weights, images)))
}
