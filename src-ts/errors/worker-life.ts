import { PoolError } from './base.js'
import { describeEnd } from './worker-end.js'

/** A worker and how it ended, as far as it has. */
export interface FailedWorker {
  /** The id of the worker, 0 to nJobs - 1. */
  readonly workerId: number
  /** The process id of the worker. */
  readonly pid: number
  /** The exit code, if it exited. */
  readonly exitCode: number | null
  /** The name of the signal that ended it, if one did. */
  readonly signal: string | null
  /** The limit in milliseconds that it exceeded, if it was killed for that. */
  readonly timeout: number | null
}

/** Whether the worker threw, or else how it ended. */
export type LifeFailure = FailedWorker & { readonly cause?: unknown; readonly hasThrown: boolean }

function describe(what: string, failure: LifeFailure): string {
  const { workerId, pid, exitCode, signal, timeout, cause, hasThrown } = failure
  const worker = `worker ${workerId} (pid ${pid})`
  if (hasThrown) return `${what} failed in ${worker}: ${textOf(cause)}`
  if (timeout !== null) return `${what} did not end within ${timeout} ms in ${worker}, which was killed`
  return `${worker} ${describeEnd(exitCode, signal)} before ${what} had ended`
}

// What a function throws may have any getters.
function textOf(cause: unknown): string {
  try {
    if (typeof cause === 'object' && cause !== null && 'message' in cause) return `${(cause as Error).message}`
    return `${cause as string}`
  } catch {
    return 'it cannot be shown'
  }
}

abstract class WorkerLifeError extends PoolError implements FailedWorker {
  /** The id of the worker, 0 to nJobs - 1. */
  readonly workerId: number
  /** The process id of the worker. */
  readonly pid: number
  /** The exit code, if the worker exited by itself. Otherwise null. */
  readonly exitCode: number | null
  /** The name of the signal that ended the worker, if one did. Otherwise null. */
  readonly signal: string | null
  /** The limit in milliseconds, if the worker exceeded it and was killed. Otherwise null. */
  readonly timeout: number | null

  constructor(what: string, code: 'ERR_POOL_WORKER_INIT' | 'ERR_POOL_WORKER_EXIT', failure: LifeFailure) {
    super(describe(what, failure), code, failure.hasThrown ? { cause: failure.cause } : undefined)
    this.workerId = failure.workerId
    this.pid = failure.pid
    this.exitCode = failure.exitCode
    this.signal = failure.signal
    this.timeout = failure.timeout
  }
}

/**
 * A worker could not be set up: its `workerInit` threw, which is the `cause`, did not end within `workerInitTimeout`, or the worker died.
 * Each open call that names this `workerInit` is rejected, and no worker is started for it again. The next call tries again.
 */
export class WorkerInitError extends WorkerLifeError {
  declare readonly code: 'ERR_POOL_WORKER_INIT'

  constructor(failure: LifeFailure, what = 'workerInit') {
    super(what, 'ERR_POOL_WORKER_INIT', failure)
  }
}

/**
 * A worker that left could not finish: its `workerExit` threw, which is the `cause`, did not end within `workerExitTimeout`, or the worker
 * died. The pool ends all the same.
 */
export class WorkerExitError extends WorkerLifeError {
  declare readonly code: 'ERR_POOL_WORKER_EXIT'

  constructor(failure: LifeFailure) {
    super('workerExit', 'ERR_POOL_WORKER_EXIT', failure)
  }
}
