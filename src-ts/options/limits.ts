import type { TaskLimits } from '../backend/index.js'
import type { MapSettings } from './map-options.js'

/** The limits of each task, from the options of its call. */
export function limitsOf({
  taskTimeout,
  retries,
  workerLifespan
}: Pick<MapSettings, 'taskTimeout' | 'retries' | 'workerLifespan'>): TaskLimits {
  return { timeoutMs: taskTimeout ?? 0, retries, lifespan: workerLifespan ?? 0 }
}

/** The most workers of a pool. */
export const MAX_JOBS = 1024
