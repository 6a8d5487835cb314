import { PoolError } from './base.js'

/** The function of a call with `batch` did not return an array with one result for each item. All items of the batch fail with it. */
export class BatchResultError extends PoolError {
  declare readonly code: 'ERR_POOL_BATCH_RESULT'
  /** The number of items in the batch. */
  readonly expected: number

  /** @param got What the function returned, such as `an array of 3`. */
  constructor(expected: number, got: string, options?: ErrorOptions) {
    const results = expected === 1 ? '1 result' : `${expected} results`
    super(`the function must return an array of ${results} for its batch, got ${got}`, 'ERR_POOL_BATCH_RESULT', options)
    this.expected = expected
  }
}
