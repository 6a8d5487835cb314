// Not a module: while the imports of one are loaded, the pool's first message is lost.
const { createRequire } = require('node:module')
const { join } = require('node:path')

const { ClusterWorker } = createRequire(join(__dirname, '../../../.cache/faults/any.js'))('poolifier')
const loading = import('../tasks.mjs')

module.exports = new ClusterWorker(async (task) => (await loading).work(task))
