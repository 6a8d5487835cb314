/** `starting`: not yet ready; `busy`: a task is at it; `leaving`: takes nothing new and is about to end. */
export type WorkerState = 'starting' | 'idle' | 'busy' | 'leaving'

/** A worker process of a pool, as it was when asked. */
export interface WorkerInfo {
  /** The worker's place in the pool, 0 to nJobs - 1; a replacement keeps it. */
  readonly id: number
  /** The process id. */
  readonly pid: number
  /** What it does. */
  readonly state: WorkerState
  /** The CPU ids that the process is in fact bound to; empty where it was not pinned, and when it has ended. */
  readonly cpus: readonly number[]
  /** Tasks that this process has ended, failed ones included. */
  readonly tasksDone: number
  /** Resident memory in bytes; 0 where the system does not tell, and when it has ended. */
  readonly rss: number
}

/** Counts of tasks since the pool was made: `submitted = completed + failed + cancelled + running + queued`, always. */
export interface PoolStats {
  /** Handed to the workers' queue. Not yet: what was not pulled from its input; never: an item that could not be encoded. */
  readonly submitted: number
  /** Returned a value. */
  readonly completed: number
  /** Threw, were lost with their worker, or found no worker that could start. */
  readonly failed: number
  /** Dropped because their call ended before them, or the pool was terminated. */
  readonly cancelled: number
  /** At a worker now, at most one per worker. */
  readonly running: number
  /** Wait, in the pool or at a worker. */
  readonly queued: number
}

/** How a worker process ended. */
export interface WorkerExit {
  /** Null where a signal ended the worker. */
  readonly exitCode: number | null
  /** The name of the signal, such as `SIGKILL`; null where the worker exited. */
  readonly signal: string | null
}

/**
 * The events of a pool and what their listeners are given. Listeners are called later, on their own: what one throws is an
 * uncaught exception. A pool that has listeners is kept until it is closed.
 */
export interface PoolEvents {
  /** A worker is ready, also a replacement. */
  readonly workerStart: readonly [worker: WorkerInfo]
  /**
   * A worker has ended, in order or not; also one that never became ready, of which there was no `workerStart`. `tasksDone` is its
   * last count. Told before the tasks that it took along are rejected.
   */
  readonly workerExit: readonly [worker: WorkerInfo, exit: WorkerExit]
  /**
   * An error that nobody handled has ended a worker while it ran no task: thrown by a timer, say, or a rejection. What is no
   * Error is the `cause` of one. Without a listener it is a process warning.
   *
   * Without a worker: the pool itself has failed with this `PoolTerminatedError`. Open calls are rejected with it, later ones with a
   * `PoolClosedError`. It happens where other code of the process has closed one of the pool's file descriptors.
   */
  readonly error: readonly [error: Error, worker?: WorkerInfo]
  /** All workers of a closed pool have ended. */
  readonly close: readonly []
}
