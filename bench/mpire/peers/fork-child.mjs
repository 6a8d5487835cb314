import { convolve, countPrefixes, loadModel, predict } from '../work.mjs'

const counts = new Map()
let given
let weights

const tasks = {
  setUp(setup) {
    given = setup
    if (given.steps !== undefined) weights = loadModel(given.steps)
  },
  convolveShared: (filter) => convolve(given.pixels, given.width, given.stride, filter),
  count: (words) => countPrefixes(counts, words),
  collect: () => counts,
  predictOne: (images) => predict(weights, images)
}

process.on('message', ([id, task, item]) => process.send([id, tasks[task](item)]))
