export { WorkerPool } from './worker-pool.js'
export { isWorker } from './worker-identity.js'
