import type { Backend, BackendListener } from './index.js'
import { InlineBackend } from './inline/inline-backend.js'
import { prepareLocalBackend } from './local/start-backend.js'
import type { PoolSettings } from '../options/index.js'
import type { PoolStats } from '../types/index.js'

/** Of a pool that has no backend yet. */
export const NO_TASKS: PoolStats = { submitted: 0, completed: 0, failed: 0, cancelled: 0, running: 0, queued: 0 }

/**
 * Chooses the backend of a pool.
 * @returns Makes the backend. It starts nothing before it has work.
 * @throws As {@linkcode prepareLocalBackend}.
 */
export function prepareBackend(settings: PoolSettings): (listener: BackendListener) => Backend {
  const { nJobs, daemon, workerStartTimeout } = settings
  if (nJobs > 0) return prepareLocalBackend(settings)
  return (listener) => new InlineBackend(listener, daemon, workerStartTimeout)
}
