import { AssertionError } from 'node:assert'
import { inspect, types } from 'node:util'

/** The stable `code` of every error that millrace makes. */
export type PoolErrorCode =
  | 'ERR_POOL_INVALID_OPTION'
  | 'ERR_POOL_CLOSED'
  | 'ERR_POOL_TERMINATED'
  | 'ERR_POOL_WORKER_DIED'
  | 'ERR_POOL_WORKER_START'
  | 'ERR_POOL_NOT_SERIALIZABLE'
  | 'ERR_POOL_FUNCTION'
  | 'ERR_POOL_DAEMONIC'

// Own and enumerable, so that inspecting and serialising an error keep its code.
function setCode(error: Error, code: PoolErrorCode): void {
  Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: false })
}

// A literal name: a bundler may rename classes. On the prototype: the first line of the stack is made before a constructor's body runs.
function setName(errorClass: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(errorClass.prototype, 'name', { value: name, configurable: true, writable: true })
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
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    // Subclasses inherit this method; only the base speaks for the errors outside of its class.
    if (this !== PoolError || !types.isNativeError(value)) return false
    const code: unknown = Object.getOwnPropertyDescriptor(value, 'code')?.value
    return typeof code === 'string' && code.startsWith('ERR_POOL_')
  }
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

/** How a worker ended, and the task that was lost with it. */
export interface WorkerDeath {
  /** The exit code; null where a signal ended the worker. */
  readonly exitCode: number | null
  /** The name of the signal, such as `SIGKILL`; null where the worker exited. */
  readonly signal: string | null
  /** The process id of the worker that died. */
  readonly pid: number
  /** The worker's place in the pool, 0 to nJobs - 1. */
  readonly workerId: number
  /** The index of the lost task in its call; 0 for `apply`. */
  readonly index: number
  /** False where the worker had received the task but not begun it. @default true */
  readonly began?: boolean
}

function describeDeath({ exitCode, signal, pid, workerId, index, began = true }: WorkerDeath): string {
  const how = signal !== null ? `was killed by ${signal}` : exitCode !== null ? `exited with code ${exitCode}` : 'ended'
  return `worker ${workerId} (pid ${pid}) ${how} ${began ? 'while it ran' : 'before it began'} task ${index}`
}

/** A worker process ended while it held this task. The pool replaces the worker; tasks of other calls are not affected. */
export class WorkerDiedError extends PoolError {
  declare readonly code: 'ERR_POOL_WORKER_DIED'
  /** The exit code, 0 to 255; null where a signal ended the worker. */
  readonly exitCode: number | null
  /** The name of the signal, such as `SIGKILL`; null where the worker exited. */
  readonly signal: string | null
  /** The process id of the worker that died. */
  readonly pid: number
  /** The worker's place in the pool, 0 to nJobs - 1. */
  readonly workerId: number
  /** The index of the lost task in its call; 0 for `apply`. */
  readonly index: number

  constructor(death: WorkerDeath, options?: ErrorOptions) {
    super(describeDeath(death), 'ERR_POOL_WORKER_DIED', options)
    this.exitCode = death.exitCode
    this.signal = death.signal
    this.pid = death.pid
    this.workerId = death.workerId
    this.index = death.index
  }
}

/** Workers could not be started; the message ends with what the last one said, the stack of its error where it had one. */
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

/** A function cannot be run by a worker: a variable it needs, or its file or export, is not there. */
export class TaskFunctionError extends PoolError {
  declare readonly code: 'ERR_POOL_FUNCTION'
  /** The variable that cannot be shipped; absent where the trouble is not about a variable. */
  declare readonly variable?: string

  constructor(message: string, options?: ErrorOptions & { readonly variable?: string | undefined }) {
    super(message, 'ERR_POOL_FUNCTION', options)
    if (options?.variable !== undefined) {
      Object.defineProperty(this, 'variable', { value: options.variable, enumerable: true, configurable: true })
    }
  }
}

// Node's types fix the code of an AssertionError, which ours replaces.
const AssertionErrorBase: new (options: { readonly message: string }) => Omit<AssertionError, 'code'> = AssertionError

/** A pool was made inside a task of a daemonic pool. An `AssertionError`, as in MPIRE. */
export class DaemonicProcessError extends AssertionErrorBase {
  declare readonly code: 'ERR_POOL_DAEMONIC'

  constructor(message = 'daemonic processes are not allowed to have children') {
    super({ message })
    // AssertionError writes its own name and code into each instance and into the first line of the stack.
    Reflect.deleteProperty(this, 'name')
    setCode(this, 'ERR_POOL_DAEMONIC')
    Error.captureStackTrace(this, new.target)
  }
}

/** Every class of this file by its name, for putting errors together again that crossed a process boundary. */
export const poolErrorClasses: Readonly<Record<string, new (...args: never[]) => Error>> = Object.freeze(
  // No prototype: the names that are looked up come from another process.
  Object.assign(Object.create(null) as object, {
    PoolError,
    PoolClosedError,
    PoolTerminatedError,
    WorkerDiedError,
    WorkerStartError,
    NotSerializableError,
    TaskFunctionError,
    DaemonicProcessError
  })
)

for (const [name, errorClass] of Object.entries(poolErrorClasses)) setName(errorClass, name)

function optionError(kind: 'type' | 'range', message: string): TypeError | RangeError {
  const error = kind === 'type' ? new TypeError(message) : new RangeError(message)
  setCode(error, 'ERR_POOL_INVALID_OPTION')
  return error
}

// The value comes from the caller: its getters and custom inspection are not run, and its text has an end.
function show(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: 2,
      maxArrayLength: 16,
      maxStringLength: 64,
      breakLength: Infinity,
      customInspect: false
    })
    return text.length > 160 ? `${text.slice(0, 160)}...` : text
  } catch {
    return `a value of type ${typeof value}`
  }
}

/**
 * The error for an option with a bad value: `chunkSize must be an integer >= 1, got 0`.
 * @param kind `type` for the wrong kind of value (TypeError), `range` for the right kind out of bounds (RangeError).
 * @param option The option, with a path where the fault lies deeper: `env.PATH`.
 * @param allowed What is allowed, to be read after "must be".
 */
export function invalidOption(
  kind: 'type' | 'range',
  option: string,
  value: unknown,
  allowed: string
): TypeError | RangeError {
  return optionError(kind, `${option} must be ${allowed}, got ${show(value)}`)
}

/** The same where "must be" does not fit: `cpuIds: CPU IDs cannot be negative, got [ -1 ]`. */
export function invalidOptionBecause(
  kind: 'type' | 'range',
  option: string,
  value: unknown,
  reason: string
): TypeError | RangeError {
  return optionError(kind, `${option}: ${reason}, got ${show(value)}`)
}

/** The error for an option that does not exist: `unknown option 'chunksize' (got 5); the options are chunkSize, signal`. */
export function unknownOption(option: string, value: unknown, known: readonly string[]): TypeError | RangeError {
  return optionError('type', `unknown option '${option}' (got ${show(value)}); the options are ${known.join(', ')}`)
}
