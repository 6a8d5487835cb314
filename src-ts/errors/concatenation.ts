import { PoolError } from './base.js'

/** The results of a call with `concatenate` are not typed arrays of one kind, so they make no typed array together. */
export class ConcatenationError extends PoolError {
  declare readonly code: 'ERR_POOL_CONCATENATION'
  /** The index of the item whose result does not fit. -1 if there is no result. */
  readonly index: number

  constructor(index: number, reason: string, options?: ErrorOptions) {
    super(`concatenate needs typed arrays of one kind: ${reason}`, 'ERR_POOL_CONCATENATION', options)
    this.index = index
  }
}
