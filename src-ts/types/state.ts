/** `starting`: not ready yet. `busy`: has tasks. `leaving`: takes nothing new and is about to end. */
export type WorkerState = 'starting' | 'idle' | 'busy' | 'leaving'

/** The state of a worker process at one moment. */
export interface WorkerInfo {
  /** The id of the worker, 0 to nJobs - 1. A replacement keeps it. */
  readonly id: number
  /** The process id. */
  readonly pid: number
  /** What the worker is doing. */
  readonly state: WorkerState
  /** The CPU ids that the process is in fact bound to. Empty if it was not pinned or has ended. */
  readonly cpus: readonly number[]
  /** The number of tasks that this process has finished, including failed ones. */
  readonly tasksDone: number
  /** Resident memory in bytes. 0 if the system does not tell it, or the process has ended. */
  readonly rss: number
}

/** Counts of tasks since the pool was constructed. `submitted = completed + failed + cancelled + running + queued`, always. */
export interface PoolStats {
  /** Tasks that were queued for workers. Items that were not pulled yet, or could not be encoded, are not counted. */
  readonly submitted: number
  /** Tasks that returned a value. */
  readonly completed: number
  /** Tasks that threw, were lost with their worker, or found no worker that could start. */
  readonly failed: number
  /** Tasks that were dropped because their call ended first, or because the pool was terminated. */
  readonly cancelled: number
  /** Tasks that run now, at most one per worker. */
  readonly running: number
  /** Tasks that wait, in the pool or at a worker. */
  readonly queued: number
}

/** How a worker process ended. */
export interface WorkerExit {
  /** The exit code. Null if a signal ended the worker. */
  readonly exitCode: number | null
  /** The name of the signal, such as `SIGKILL`. Null if the worker exited. */
  readonly signal: string | null
}

/**
 * The events of a pool and the arguments of their listeners. Listeners are called later, one by one, so an error that a listener throws
 * is an uncaught exception. A pool that has listeners is not garbage-collected until it is closed.
 */
export interface PoolEvents {
  /** A worker is ready, a first one or a replacement. */
  readonly workerStart: readonly [worker: WorkerInfo]
  /**
   * A worker has ended, gracefully or not. A worker that never became ready has this event too, without a `workerStart`. `tasksDone` is
   * its last count. The event comes before the tasks that it had are rejected.
   */
  readonly workerExit: readonly [worker: WorkerInfo, exit: WorkerExit]
  /**
   * An unhandled error has ended a worker that ran no task. A timer has thrown it, for example. Values that are not Errors are wrapped,
   * with the value as `cause`. Without a listener the error is a process warning.
   *
   * Without a worker: the pool itself has failed with this `PoolTerminatedError`. Open calls are rejected with it, and later ones with a
   * `PoolClosedError`. It happens if other code of the process has closed one of the pool's file descriptors.
   */
  readonly error: readonly [error: Error, worker?: WorkerInfo]
  /** All workers of a closed pool have ended. */
  readonly close: readonly []
}
