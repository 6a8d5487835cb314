import { PoolError } from './base.js'

/** An `apply` was not accepted, because `maxQueue` calls were already waiting. */
export class QueueFullError extends PoolError {
  declare readonly code: 'ERR_POOL_QUEUE_FULL'
  /** The pool's `maxQueue`. */
  readonly limit: number

  constructor(limit: number, options?: ErrorOptions) {
    super(`the queue is full (maxQueue: ${limit})`, 'ERR_POOL_QUEUE_FULL', options)
    this.limit = limit
  }
}
