import { PoolError } from './base.js'

/** A task that has exceeded its limit, and where it ran. */
export interface LateTask {
  /** The limit in milliseconds. */
  readonly timeout: number
  /** The index of the task in its call; 0 for `apply`. */
  readonly index: number
  /** The id of the worker, 0 to nJobs - 1. */
  readonly workerId: number
  /** The process id of the worker that was killed. */
  readonly pid: number
}

/**
 * A task exceeded `taskTimeout`. Its worker was killed and is replaced. Other tasks are not affected, not even those of the same chunk.
 */
export class TaskTimeoutError extends PoolError {
  declare readonly code: 'ERR_POOL_TASK_TIMEOUT'
  /** The errors of earlier attempts, oldest first, if `retries` made the task run again. Otherwise absent. */
  declare readonly attempts?: readonly Error[]
  /** The limit in milliseconds. */
  readonly timeout: number
  /** The index of the task in its call; 0 for `apply`. */
  readonly index: number
  /** The id of the worker, 0 to nJobs - 1. */
  readonly workerId: number
  /** The process id of the worker that was killed. */
  readonly pid: number

  constructor({ timeout, index, workerId, pid }: LateTask, options?: ErrorOptions) {
    const message = `task ${index} ran for longer than ${timeout} ms; worker ${workerId} (pid ${pid}) was killed`
    super(message, 'ERR_POOL_TASK_TIMEOUT', options)
    this.timeout = timeout
    this.index = index
    this.workerId = workerId
    this.pid = pid
  }
}
