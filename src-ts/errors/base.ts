import { types } from 'node:util'

import { Error, Object, isInstanceOf } from '../primordials.js'

/** The stable `code` of every error that millrace makes. */
export type PoolErrorCode =
  | 'ERR_POOL_INVALID_OPTION'
  | 'ERR_POOL_CLOSED'
  | 'ERR_POOL_TERMINATED'
  | 'ERR_POOL_WORKER_DIED'
  | 'ERR_POOL_WORKER_START'
  | 'ERR_POOL_TASK_TIMEOUT'
  | 'ERR_POOL_NOT_SERIALIZABLE'
  | 'ERR_POOL_FUNCTION'
  | 'ERR_POOL_QUEUE_FULL'
  | 'ERR_POOL_DAEMONIC'

/** Gives an error its code: own and enumerable, so that inspecting and serialising the error keep it. */
export function setCode(error: Error, code: PoolErrorCode): void {
  Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: false })
}

/**
 * The base of the library's errors. `error instanceof PoolError` holds for every one of them, also for those that have to
 * be a plain `TypeError`, `RangeError` or `AssertionError`: these are known by their `code`.
 */
export class PoolError extends Error {
  declare readonly code: PoolErrorCode

  constructor(message: string, code: PoolErrorCode, options?: ErrorOptions) {
    super(message, options)
    setCode(this, code)
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (isInstanceOf(value, this)) return true
    // Subclasses inherit this method; only the base speaks for the errors outside of its class.
    if (this !== PoolError || !types.isNativeError(value)) return false
    const code: unknown = Object.getOwnPropertyDescriptor(value, 'code')?.value
    return typeof code === 'string' && code.startsWith('ERR_POOL_')
  }
}
