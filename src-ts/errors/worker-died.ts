import { PoolError } from './base.js'

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
  /** Milliseconds from the worker's start to its end. */
  readonly uptime: number
  /**
   * `running`: it ran the task; `unsent`: it had, and had not sent the result; `waiting`: it had received the task, not begun it.
   * @default 'running'
   */
  readonly phase?: 'running' | 'unsent' | 'waiting'
  /** What else is known of the end. */
  readonly cause?: DeathCause | undefined
  /** The item or the arguments, as a short text. */
  readonly item?: string | undefined
}

/**
 * Why a worker ended: the system was out of `memory`, it had used up its `heap` (of `limitMb`, in MiB), or the pool has killed it,
 * for a `breach` of the protocol between them, or because what it sent was an `overload`: the pool's process had no memory for it.
 */
export type DeathCause =
  | { readonly kind: 'memory' }
  | { readonly kind: 'heap'; readonly limitMb: number }
  | { readonly kind: 'breach' }
  | { readonly kind: 'overload' }

const PHASES = {
  running: 'while it ran',
  unsent: 'before it had sent the result of',
  waiting: 'before it began'
} as const

function describeEnd({ exitCode, signal, cause }: WorkerDeath): string {
  if (cause?.kind === 'memory') return `was killed by ${signal}, most likely by the out-of-memory killer,`
  if (cause?.kind === 'breach') return 'was killed by the pool because what it sent made no sense,'
  if (cause?.kind === 'overload') return 'was killed by the pool for want of memory for what it sent,'
  const how = signal !== null ? `was killed by ${signal}` : exitCode !== null ? `exited with code ${exitCode}` : 'ended'
  return cause === undefined ? how : `${how} (JavaScript heap out of memory, limit ${cause.limitMb} MB)`
}

function describeDeath(death: WorkerDeath): string {
  const { pid, workerId, index, uptime, phase = 'running', item } = death
  const worker = `worker ${workerId} (pid ${pid}, up ${(uptime / 1000).toFixed(1)} s)`
  return `${worker} ${describeEnd(death)} ${PHASES[phase]} task ${index}${item === undefined ? '' : `: ${item}`}`
}

/**
 * A worker process ended while it held this task; the message says how and shows the item, shortened. The pool replaces the
 * worker; tasks of other calls are not affected.
 */
export class WorkerDiedError extends PoolError {
  declare readonly code: 'ERR_POOL_WORKER_DIED'
  /** The errors of earlier attempts, oldest first, where `retries` had the task run again; absent otherwise. */
  declare readonly attempts?: readonly Error[]
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
  /** Milliseconds from the worker's start to its end. */
  readonly uptime: number

  constructor(death: WorkerDeath, options?: ErrorOptions) {
    super(describeDeath(death), 'ERR_POOL_WORKER_DIED', options)
    this.exitCode = death.exitCode
    this.signal = death.signal
    this.pid = death.pid
    this.workerId = death.workerId
    this.index = death.index
    this.uptime = death.uptime
  }
}
