// Not a module: while the imports of one are loaded, the pool's first message is lost.
const { ClusterWorker } = require('poolifier')
const loading = import('../tasks.mjs')

module.exports = new ClusterWorker(async (task) => (await loading).work(task))
