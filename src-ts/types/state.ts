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
  /** The CPU ids that the process was in fact bound to when it started. Empty if it was not pinned or has ended. */
  readonly cpus: readonly number[]
  /** The number of tasks that this process has finished, including failed ones. */
  readonly tasksDone: number
  /**
   * Resident memory in bytes, as the worker measured it last: when it became ready, and after tasks (every 100 ms at most). 0 before that, or
   * if the system does not tell it. In `workerExit` it is that of {@linkcode WorkerExit}.
   */
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

/** How far a call is. */
export interface Progress {
  /** The items whose results or errors have arrived. With `batch`, too, it counts items. */
  readonly done: number
  /** The number of items, or undefined while it is unknown. */
  readonly total: number | undefined
  /** The items among `done` that have failed. */
  readonly failed: number
  /** Items per second, in the last three seconds. */
  readonly rate: number
}

/**
 * Why a worker process ended:
 * - `died`: nothing in the pool ended it. It crashed, a task called `process.exit()`, an error was not handled, it violated the worker
 *   protocol, or a signal came from outside. After a SIGTERM from outside a worker leaves gracefully, with exit code 0.
 * - `lifespan`: it had run `workerLifespan` tasks.
 * - `memory`: it used more than `maxWorkerMemory`.
 * - `idle`: it had no work for `idleTimeout`.
 * - `recycle`: `recycle()` replaced it.
 * - `resize`: `resize()` made the pool smaller, or bound the worker to other CPUs.
 * - `timeout`: it was killed because a task exceeded `taskTimeout`, or because its start or the loading of a module exceeded
 *   `workerStartTimeout`.
 * - `abort`: it was killed because its task did not end within `killGrace` after its call was aborted, or its iterator was told to return.
 * - `closed`: the pool ended, by `stopAndJoin()`, `terminate()` or the end of the program.
 */
export type WorkerExitReason =
  'died' | 'lifespan' | 'memory' | 'idle' | 'recycle' | 'resize' | 'timeout' | 'abort' | 'closed'

/** How a worker process ended. */
export interface WorkerExit {
  /** The exit code: 0 to 255, or 0 to 4294967295 on Windows. Null if a signal ended the worker. */
  readonly exitCode: number | null
  /** The name of the signal, such as `SIGKILL`. Null if the worker exited. */
  readonly signal: string | null
  /** Why it ended. */
  readonly reason: WorkerExitReason
  /**
   * Its resident memory in bytes, as measured last: when the pool killed it, when it began to leave, and otherwise after one of its last
   * tasks (every 100 ms at most). 0 if it ended before it was ready and was not killed by the pool, or if the system does not tell.
   */
  readonly rss: number
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
   * @example
   * pool.on('workerExit', ({ id, pid }, { reason, signal, rss }) => {
   *   if (reason === 'died') console.error(`worker ${id} (pid ${pid}) died`, signal, `${rss >> 20} MiB`)
   * })
   */
  readonly workerExit: readonly [worker: WorkerInfo, exit: WorkerExit]
  /**
   * An unhandled error has ended a worker that ran no task. A timer has thrown it, for example. Values that are not Errors are wrapped,
   * with the value as `cause`. Without a listener the error is a process warning.
   *
   * Without a worker: the pool itself has failed with this `PoolTerminatedError`. Open calls are rejected with it, and later ones with a
   * `PoolClosedError`. It happens if other code of the process has closed one of the pool's file descriptors. Or the file of a trace cannot
   * be written, and the error has the code of the system, such as `ENOSPC`.
   */
  readonly error: readonly [error: Error, worker?: WorkerInfo]
  /** All workers of a closed pool have ended. */
  readonly close: readonly []
}
