import type { TaskLimits } from '../backend/index.js'
import type { MapSettings } from './map-options.js'

/** What the options of a call hold each of its tasks to. */
export function limitsOf({
  taskTimeout,
  retries,
  workerLifespan
}: Pick<MapSettings, 'taskTimeout' | 'retries' | 'workerLifespan'>): TaskLimits {
  return { timeoutMs: taskTimeout ?? 0, retries, lifespan: workerLifespan ?? 0 }
}
