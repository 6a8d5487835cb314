import { types } from 'node:util'

import { Error, Object, Symbol as symbols, WeakSet, isInstanceOf } from '../primordials.js'

/** The stable `code` of every error that millrace makes. */
export type PoolErrorCode =
  | 'ERR_POOL_INVALID_OPTION'
  | 'ERR_POOL_CLOSED'
  | 'ERR_POOL_TERMINATED'
  | 'ERR_POOL_WORKER_DIED'
  | 'ERR_POOL_WORKER_START'
  | 'ERR_POOL_WORKER_INIT'
  | 'ERR_POOL_WORKER_EXIT'
  | 'ERR_POOL_TASK_TIMEOUT'
  | 'ERR_POOL_NOT_SERIALIZABLE'
  | 'ERR_POOL_FUNCTION'
  | 'ERR_POOL_QUEUE_FULL'
  | 'ERR_POOL_BATCH_RESULT'
  | 'ERR_POOL_CONCATENATION'
  | 'ERR_POOL_SHARED_MEMORY'
  | 'ERR_POOL_DAEMONIC'

/**
 * Marks the library's errors and their classes. Every copy of the package uses the same symbol, but has its own classes. There are
 * copies in a worker's bundle, and in a program that loads both the module and its CommonJS copy.
 */
const BRAND = symbols.for('millrace.error')
/** The brand of errors for bad options, which are plain TypeErrors and RangeErrors. */
export const OPTION_BRAND = 'InvalidOption'

/** Gives an error its code, as an own and enumerable property, so that inspection and serialization keep it. */
export function setCode(error: Error, code: PoolErrorCode): void {
  Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: false })
}

/** Marks an error, or a class, with the name of its class. */
export function setBrand(target: object, brand: string): void {
  Object.defineProperty(target, BRAND, { value: brand })
}

// Errors of the library whose stacks still begin with frames of the library.
const fresh = new WeakSet<object>()

/** Marks an error that the library has made. `errors/caller.ts` corrects its stack when the error leaves the library. */
export function markAsOwn(error: Error, brand: string): void {
  setBrand(error, brand)
  fresh.add(error)
}

/** Whether the stack of this error has to be corrected. True once for each error. */
export function takeFresh(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && fresh.delete(error)
}

/** The class name of an error of the library, whichever copy of the package made it. undefined for everything else. */
export function brandOf(value: unknown): string | undefined {
  // A proxy is not a native error, so none of its traps runs.
  if (!types.isNativeError(value)) return undefined
  const brand: unknown = Object.getOwnPropertyDescriptor(value, BRAND)?.value
  return typeof brand === 'string' ? brand : undefined
}

function isInChain(errorClass: unknown, value: unknown): boolean {
  try {
    return isInstanceOf(value, errorClass)
  } catch {
    // The prototype may be a revoked proxy, or one whose trap throws.
    return false
  }
}

/** `instanceof` for a class of the library. It also accepts errors that another copy of the package made. It never throws. */
export function isInstance(errorClass: { readonly prototype: Error }, value: unknown): boolean {
  if (isInChain(errorClass, value)) return true
  // A user's class that extends a class of the library inherits this check. It must only accept its own instances.
  const name: unknown = Object.getOwnPropertyDescriptor(errorClass, BRAND)?.value
  if (name === undefined) return false
  const brand = brandOf(value)
  return brand !== undefined && (name === 'PoolError' || brand === name)
}

/**
 * The base of the library's errors. `error instanceof PoolError` is true for each of them, including those that are a `TypeError`,
 * `RangeError` or `AssertionError`. It is false for every other error.
 */
export class PoolError extends Error {
  declare readonly code: PoolErrorCode

  constructor(message: string, code: PoolErrorCode, options?: ErrorOptions) {
    super(message, options)
    setCode(this, code)
    markAsOwn(this, brandOfClass(new.target))
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value)
  }
}

/** The brand of the nearest class of the library, which a user's class may extend. */
function brandOfClass(errorClass: unknown): string {
  for (let at = errorClass; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    const brand: unknown = Object.getOwnPropertyDescriptor(at, BRAND)?.value
    if (typeof brand === 'string') return brand
  }
  return 'PoolError'
}
