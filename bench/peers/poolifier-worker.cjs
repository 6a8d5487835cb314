// Not a module: while the imports of one are loaded, the pool's first message is lost.
const { ClusterWorker } = require('poolifier')
const loading = import('../tasks.mjs')

let byName
module.exports = new ClusterWorker(async ([name, argument]) => {
  byName ??= (await loading).byName
  return byName[name](argument)
})
