/** What `pool.trace` adds to a pool. It is loaded with the first trace. */
export { PoolTrace } from './pool-trace.js'
