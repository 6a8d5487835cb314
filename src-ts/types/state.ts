/** `starting`: not yet ready; `leaving`: takes nothing new and is about to end. */
export type WorkerState = 'starting' | 'idle' | 'busy' | 'leaving'

/** A worker process of a pool, as it was when asked. */
export interface WorkerInfo {
  /** The worker's place in the pool, 0 to nJobs - 1; a replacement keeps it. */
  readonly id: number
  /** The process id. */
  readonly pid: number
  readonly state: WorkerState
  /** The CPU ids that the process was in fact bound to; empty where it was not pinned. */
  readonly cpus: readonly number[]
  /** Tasks that this process has ended, failed ones included. */
  readonly tasksDone: number
  /** Resident memory in bytes; 0 where the system does not tell. */
  readonly rss: number
}

/** Counts of tasks since the pool was made: `submitted = completed + failed + cancelled + running + queued`, always. */
export interface PoolStats {
  readonly submitted: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  /** At most one per worker. */
  readonly running: number
  readonly queued: number
}

/** How a worker process ended. */
export interface WorkerExit {
  /** Null where a signal ended the worker. */
  readonly exitCode: number | null
  /** The name of the signal, such as `SIGKILL`; null where the worker exited. */
  readonly signal: string | null
}

/** The events of a pool and what their listeners are given. */
export interface PoolEvents {
  /** A worker is ready, also a replacement. */
  readonly workerStart: readonly [worker: WorkerInfo]
  /** A worker has ended, in order or not. */
  readonly workerExit: readonly [worker: WorkerInfo, exit: WorkerExit]
  /** Something failed that belongs to no call. Without a listener it is a process warning. */
  readonly error: readonly [error: Error]
  /** All workers of a closed pool have ended. */
  readonly close: readonly []
}
