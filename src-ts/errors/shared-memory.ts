import { PoolError } from './base.js'

/** `sharedArray` got no memory: there is not enough, or the system refuses it. */
export class SharedMemoryError extends PoolError {
  declare readonly code: 'ERR_POOL_SHARED_MEMORY'
  /** The bytes that were asked for. */
  readonly bytes: number

  constructor(bytes: number, reason: string, options?: ErrorOptions) {
    super(`cannot make a shared array: ${reason}`, 'ERR_POOL_SHARED_MEMORY', options)
    this.bytes = bytes
  }
}
