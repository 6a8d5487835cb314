import type { Backend, BackendListener, WorkerFigures } from './index.js'
import { loadOnDemand } from '../entry/load-on-demand.js'
import { prepareLocalBackend } from './local/start-backend.js'
import type { PoolSettings, PoolSize } from '../options/index.js'
import type { PoolStats } from '../types/index.js'

/** The stats of a pool without a back end. */
export const NO_TASKS: PoolStats = { submitted: 0, completed: 0, failed: 0, cancelled: 0, running: 0, queued: 0 }

/**
 * Chooses the back end of a pool.
 * @param figures Where workers note what they do, for insights.
 * @returns a function that makes the back end, which starts nothing before it has work
 * @throws what {@linkcode prepareLocalBackend} throws
 */
export function prepareBackend(
  settings: PoolSettings,
  figures: WorkerFigures | undefined
): (listener: BackendListener, size: PoolSize) => Backend {
  const { nJobs, daemon, workerStartTimeout } = settings
  if (nJobs > 0) return prepareLocalBackend(settings, figures?.regions)
  const { InlineBackend } = loadOnDemand()
  return (listener) => new InlineBackend(listener, daemon, workerStartTimeout, figures?.own)
}
