import { PoolError } from './base.js'
import { describeEnd } from './worker-end.js'

/** How a worker died, and the task that it lost. */
export interface WorkerDeath {
  /** The exit code. Null if a signal ended the worker. */
  readonly exitCode: number | null
  /** The name of the signal, such as `SIGKILL`. Null if the worker exited. */
  readonly signal: string | null
  /** The process id of the worker that died. */
  readonly pid: number
  /** The id of the worker, 0 to nJobs - 1. */
  readonly workerId: number
  /** The index of the lost task in its call; 0 for `apply`. */
  readonly index: number
  /** Milliseconds from the worker's start to its end. */
  readonly uptime: number
  /** @default 'running' */
  readonly phase?: DeathPhase
  readonly reason?: DeathReason | undefined
  /** The limit of the heap that was used up, in MiB. 0 if it is unknown. */
  readonly heapLimit?: number
  /** The item or the arguments, as a short text. */
  readonly item?: string | undefined
}

/**
 * How far the worker had come with the task. It was `running` the task, the result was `unsent`, or the task was still `waiting`.
 */
export type DeathPhase = 'running' | 'unsent' | 'waiting'

/**
 * Why the worker died, beyond its exit code and signal:
 * - `oom`: most likely the system's out-of-memory killer chose it. The system had just counted such a kill, and the worker was large.
 * - `heap`: it had used up its JavaScript heap.
 * - `protocol`: the pool killed it, because it sent data that violate the worker protocol.
 * - `overload`: the pool killed it, because its result did not fit into the memory of this process.
 */
export type DeathReason = 'oom' | 'heap' | 'protocol' | 'overload'

const PHASES: Readonly<Record<DeathPhase, string>> = {
  running: 'while it ran',
  unsent: 'before it had sent the result of',
  waiting: 'before it began'
}

function describeCause({ exitCode, signal, reason, heapLimit = 0 }: WorkerDeath): string {
  if (reason === 'oom') return `was killed by ${signal}, most likely by the out-of-memory killer,`
  if (reason === 'protocol') return 'was killed by the pool for violating the worker protocol'
  if (reason === 'overload') return "was killed by the pool because its result did not fit into this process's memory"
  const how = describeEnd(exitCode, signal)
  if (reason === undefined) return how
  return `${how} (JavaScript heap out of memory${heapLimit > 0 ? `, limit ${heapLimit} MB` : ''})`
}

function describeDeath(death: WorkerDeath): string {
  const { pid, workerId, index, uptime, phase = 'running', item } = death
  const worker = `worker ${workerId} (pid ${pid}, up ${(uptime / 1000).toFixed(1)} s)`
  return `${worker} ${describeCause(death)} ${PHASES[phase]} task ${index}${item === undefined ? '' : `: ${item}`}`
}

/**
 * A worker died while it had this task. The message says how, and shows the item, shortened. The pool replaces the worker. Tasks of other
 * calls are not affected.
 */
export class WorkerDiedError extends PoolError {
  declare readonly code: 'ERR_POOL_WORKER_DIED'
  /** The errors of earlier attempts, oldest first, if `retries` made the task run again. Otherwise absent. */
  declare readonly attempts?: readonly Error[]
  /** Why the worker died, if exit code and signal do not tell. */
  readonly reason: DeathReason | undefined
  /** How far the worker had come with the task. */
  readonly phase: DeathPhase
  /** The exit code: 0 to 255, or 0 to 4294967295 on Windows. Null if a signal ended the worker. */
  readonly exitCode: number | null
  /** The name of the signal, such as `SIGKILL`. Null if the worker exited. */
  readonly signal: string | null
  /** The process id of the worker that died. */
  readonly pid: number
  /** The id of the worker, 0 to nJobs - 1. */
  readonly workerId: number
  /** The index of the lost task in its call; 0 for `apply`. */
  readonly index: number
  /** Milliseconds from the worker's start to its end. */
  readonly uptime: number

  constructor(death: WorkerDeath, options?: ErrorOptions) {
    super(describeDeath(death), 'ERR_POOL_WORKER_DIED', options)
    this.reason = death.reason
    this.phase = death.phase ?? 'running'
    this.exitCode = death.exitCode
    this.signal = death.signal
    this.pid = death.pid
    this.workerId = death.workerId
    this.index = death.index
    this.uptime = death.uptime
  }
}
