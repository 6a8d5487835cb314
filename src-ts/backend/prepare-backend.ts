import type { Backend, BackendListener } from './index.js'
import { loadOnDemand } from '../entry/load-on-demand.js'
import { prepareLocalBackend } from './local/start-backend.js'
import type { PoolSettings, PoolSize } from '../options/index.js'
import type { PoolStats } from '../types/index.js'

/** The stats of a pool without a back end. */
export const NO_TASKS: PoolStats = { submitted: 0, completed: 0, failed: 0, cancelled: 0, running: 0, queued: 0 }

/**
 * Chooses the back end of a pool.
 * @returns a function that makes the back end, which starts nothing before it has work
 * @throws what {@linkcode prepareLocalBackend} throws
 */
export function prepareBackend(settings: PoolSettings): (listener: BackendListener, size: PoolSize) => Backend {
  const { nJobs, daemon, workerStartTimeout } = settings
  if (nJobs > 0) return prepareLocalBackend(settings)
  const { InlineBackend } = loadOnDemand()
  return (listener) => new InlineBackend(listener, daemon, workerStartTimeout)
}
