import type { PoolStats } from '../../types/index.js'

/** The counts of tasks since the pool was constructed. */
export class TaskCounts {
  submitted = 0
  completed = 0
  failed = 0
  cancelled = 0

  /** @param running The number of running tasks. */
  stats(running: number): PoolStats {
    const { submitted, completed, failed, cancelled } = this
    return {
      submitted,
      completed,
      failed,
      cancelled,
      running,
      queued: submitted - completed - failed - cancelled - running
    }
  }
}
