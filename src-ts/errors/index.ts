import type { AssertionError } from 'node:assert'

import { BatchResultError } from './batch-result.js'
import { ConcatenationError } from './concatenation.js'
import { QueueFullError } from './queue-full.js'
import { SharedMemoryError } from './shared-memory.js'
import { isInstance, markAsOwn, PoolError, setBrand, setCode } from './base.js'
import { WorkerDiedError } from './worker-died.js'
import { TaskTimeoutError } from './task-timeout.js'
import { WorkerExitError, WorkerInitError } from './worker-life.js'
import { Error, Object, process, Reflect } from '../primordials.js'

export { PoolError, type PoolErrorCode } from './base.js'
export { TaskTimeoutError, type LateTask } from './task-timeout.js'
export { BatchResultError } from './batch-result.js'
export { ConcatenationError } from './concatenation.js'
export { QueueFullError } from './queue-full.js'
export { SharedMemoryError } from './shared-memory.js'
export { invalidOption, invalidOptionBecause, unknownOption } from './options.js'
export { type FailedWorker, type LifeFailure, WorkerExitError, WorkerInitError } from './worker-life.js'
export { type DeathPhase, type DeathReason, type WorkerDeath, WorkerDiedError } from './worker-died.js'

const { captureStackTrace } = Error

// The name is a literal, because a bundler may rename classes. It is on the prototype, because the engine makes the first line of the
// stack before the body of the constructor runs.
function setName(errorClass: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(errorClass.prototype, 'name', { value: name, configurable: true, writable: true })
  setBrand(errorClass, name)
}

/** The pool was called after `stopAndJoin` or `terminate`. */
export class PoolClosedError extends PoolError {
  declare readonly code: 'ERR_POOL_CLOSED'

  constructor(message = 'the pool is closed', options?: ErrorOptions) {
    super(message, 'ERR_POOL_CLOSED', options)
  }
}

/** The work was still open when the pool was terminated. */
export class PoolTerminatedError extends PoolError {
  declare readonly code: 'ERR_POOL_TERMINATED'

  constructor(message = 'the pool was terminated', options?: ErrorOptions) {
    super(message, 'ERR_POOL_TERMINATED', options)
  }
}

/** Workers could not be started. The message ends with the last one's error and its stack, if it had one. */
export class WorkerStartError extends PoolError {
  declare readonly code: 'ERR_POOL_WORKER_START'

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_POOL_WORKER_START', options)
  }
}

/** An item, an argument or a result cannot be sent between processes. */
export class NotSerializableError extends PoolError {
  declare readonly code: 'ERR_POOL_NOT_SERIALIZABLE'
  /** Where the value is, such as `items[3].callback`. */
  readonly path: string

  /** @param what The kind of value, such as `a function`. */
  constructor(path: string, what: string, options?: ErrorOptions) {
    super(`${path} cannot be sent to another process: ${what}`, 'ERR_POOL_NOT_SERIALIZABLE', options)
    this.path = path
  }
}

/** A worker cannot run the function, because a variable that it needs, its file or its export is missing or cannot be sent. */
export class TaskFunctionError extends PoolError {
  declare readonly code: 'ERR_POOL_FUNCTION'
  /** The variable that cannot be sent. Absent if the error is not about a variable. */
  declare readonly variable?: string

  constructor(message: string, options?: ErrorOptions & { readonly variable?: string | undefined }) {
    super(message, 'ERR_POOL_FUNCTION', options)
    if (options?.variable !== undefined) {
      Object.defineProperty(this, 'variable', { value: options.variable, enumerable: true, configurable: true })
    }
  }
}

// Node's types give AssertionError a fixed code. Ours replaces it.
const AssertionErrorBase = Error as unknown as new (options: {
  readonly message: string
}) => Omit<AssertionError, 'code'>

/** A task of a daemonic pool has made a pool. This is an `AssertionError`, as in MPIRE. */
export class DaemonicProcessError extends AssertionErrorBase {
  declare readonly code: 'ERR_POOL_DAEMONIC'

  constructor(message = 'daemonic processes are not allowed to have children') {
    extendAssertionError()
    super({ message })
    // AssertionError writes its own name and code into each instance and into the first line of the stack.
    Reflect.deleteProperty(this, 'name')
    setCode(this, 'ERR_POOL_DAEMONIC')
    captureStackTrace(this, new.target)
    markAsOwn(this, 'DaemonicProcessError')
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value)
  }
}

let extendsAssertionError = false

/** To load `node:assert` takes as long as half of this library: it waits for the first error. */
function extendAssertionError(): void {
  if (extendsAssertionError) return
  extendsAssertionError = true
  const { AssertionError: base } = process.getBuiltinModule('node:assert')
  Object.setPrototypeOf(DaemonicProcessError, base)
  Object.setPrototypeOf(DaemonicProcessError.prototype, base.prototype)
}

const { moduleLoadList = [] } = process as { readonly moduleLoadList?: readonly string[] }
if (moduleLoadList.includes('NativeModule assert')) extendAssertionError()

/** The class of that name. The codec uses it to rebuild errors that have crossed processes. */
export function poolErrorClass(name: string): (new (...args: never[]) => Error) | undefined {
  if (name === 'DaemonicProcessError') extendAssertionError()
  return poolErrorClasses[name]
}

/** Every class of this file by its name. */
export const poolErrorClasses: Readonly<Record<string, new (...args: never[]) => Error>> = Object.freeze(
  // No prototype, because the names that are looked up come from another process.
  Object.assign(Object.create(null) as object, {
    PoolError,
    PoolClosedError,
    PoolTerminatedError,
    WorkerDiedError,
    WorkerStartError,
    WorkerInitError,
    WorkerExitError,
    TaskTimeoutError,
    NotSerializableError,
    TaskFunctionError,
    QueueFullError,
    BatchResultError,
    ConcatenationError,
    SharedMemoryError,
    DaemonicProcessError
  })
)

for (const [name, errorClass] of Object.entries(poolErrorClasses)) setName(errorClass, name)

export { brandOf, OPTION_BRAND, setBrand } from './base.js'
export { atEntry, Caller, type Entry, withCallerStack, promiseAtEntry, withoutStack } from './caller.js'
export { describeItem, shorten } from './describe-item.js'
export { noteTask, type TaskInfo, taskInfo, type TaskItems, type TaskOrigin } from './task-info.js'
export { warn } from './warn.js'
