import { isForEach, readCpuIds } from './cpu-ids.js'
import { invalidOption } from '../errors/index.js'
import { copyOptions, readBoolean, readContext, readInteger, readMilliseconds, readSignal } from './checks.js'
import { refuseInline } from './inline-options.js'
import { MAX_JOBS } from './limits.js'
import { type LifeSettings, readLife } from './life-options.js'
import type { MapSettings } from './map-options.js'
import { MAX_RETRIES, readMapSettings } from './map-options.js'
import { APPLY_OPTIONS, JOIN_OPTIONS, POOL_OPTIONS } from './names.js'
import { readCwd, readEnv, readExecArgv, readExecPath, readStdio } from './process-options.js'
import type { PoolSize } from './resize-options.js'
import { readMaxHeap } from './worker-options.js'
import { Math, Number } from '../primordials.js'

export { checkConcatenation, readMapOptions } from './map-options.js'
export { checkInline } from './inline-options.js'
export { limitsOf } from './limits.js'
export { type PoolSize, readResize, sharedCpus } from './resize-options.js'
export type { BarSettings } from './progress-bar.js'
export type { LifeSettings } from './life-options.js'
export type { MapSettings } from './map-options.js'

/** The checked options of a pool. */
export interface PoolSettings extends PoolSize {
  /** The number of CPUs that this process may use. */
  readonly usableCpus: number
  readonly daemon: boolean
  /** The whole environment of a worker, or undefined for that of this process. */
  readonly env: Readonly<Record<string, string>> | undefined
  /** An absolute path. */
  readonly cwd: string | undefined
  readonly execArgv: readonly string[] | undefined
  readonly execPath: string | undefined
  readonly stdio: 'inherit' | 'ignore' | 'pipe'
  /** The number of `apply` calls that may wait, or undefined for no limit. */
  readonly maxQueue: number | undefined
  /** Milliseconds. */
  readonly idleTimeout: number | undefined
  /** Milliseconds. */
  readonly workerStartTimeout: number
  /** Resident bytes. */
  readonly maxWorkerMemory: number | undefined
  /** Bytes. */
  readonly maxHeap: number | undefined
  readonly sharedObjects: unknown
  /** Whether workers stay when no call is open. */
  readonly keepAlive: boolean
  readonly enableInsights: boolean
  readonly map: MapSettings
}

/** The limits of this machine, which options of a pool are checked against. */
export interface Machine {
  /** Logical CPUs of the system. Each id is below it. */
  readonly cpuCount: number
  /** The ids that this process may use. */
  readonly availableCpus: readonly number[]
  /** The number of workers if `nJobs` is not given. */
  readonly defaultJobs: number
  /** False if the system has no pinning. */
  readonly canPin: boolean
}

const START_TIMEOUT_MS = 60_000

/**
 * Reads the options of a pool.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`.
 */
export function readPoolOptions(options: unknown, machine: Machine): PoolSettings {
  const values = copyOptions(options, POOL_OPTIONS)
  const nJobs = readInteger(values, 'nJobs', 0, MAX_JOBS) ?? Math.min(machine.defaultJobs, MAX_JOBS)
  if (nJobs === 0) refuseInline(values)
  return {
    nJobs,
    cpuIds: nJobs === 0 ? [] : readCpuIds(values['cpuIds'], nJobs, machine),
    hasCpusEach: isForEach(values['cpuIds']),
    usableCpus: machine.defaultJobs,
    daemon: readBoolean(values, 'daemon') ?? true,
    env: readEnv(values),
    cwd: readCwd(values),
    execArgv: readExecArgv(values),
    execPath: readExecPath(values),
    stdio: readStdio(values) ?? 'inherit',
    maxQueue: readInteger(values, 'maxQueue', 0),
    idleTimeout: readMilliseconds(values, 'idleTimeout', true),
    workerStartTimeout: readMilliseconds(values, 'workerStartTimeout', false) ?? START_TIMEOUT_MS,
    maxWorkerMemory: readInteger(values, 'maxWorkerMemory', 1),
    maxHeap: readMaxHeap(values),
    sharedObjects: values['sharedObjects'],
    keepAlive: readBoolean(values, 'keepAlive') ?? true,
    enableInsights: readBoolean(values, 'enableInsights') ?? false,
    map: readMapSettings(values)
  }
}

/** The checked options of an `apply`. */
export type ApplySettings = LifeSettings &
  Pick<MapSettings, 'signal' | 'context' | 'passContext' | 'taskTimeout' | 'retries' | 'killGrace' | 'workerLifespan'>

/**
 * Reads the options of one `apply`.
 * @param defaults The pool's options for its calls.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`.
 */
export function readApplyOptions(options: unknown, defaults: MapSettings): ApplySettings {
  // An object without a prototype takes longer than all the rest.
  if (options === undefined) return defaults
  const values = copyOptions(options, APPLY_OPTIONS)
  return {
    signal: readSignal(values, 'signal') ?? defaults.signal,
    context: readContext(values),
    passContext: readBoolean(values, 'passContext') ?? defaults.passContext,
    taskTimeout: readMilliseconds(values, 'taskTimeout', false) ?? defaults.taskTimeout,
    retries: readInteger(values, 'retries', 0, MAX_RETRIES) ?? defaults.retries,
    killGrace: readMilliseconds(values, 'killGrace', true) ?? defaults.killGrace,
    workerLifespan: defaults.workerLifespan,
    ...readLife(values, defaults)
  }
}

/**
 * Reads the options of `stopAndJoin`.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`.
 */
export function readJoinOptions(options: unknown): { readonly timeoutMs: number | undefined } {
  const timeout = copyOptions(options, JOIN_OPTIONS)['timeout']
  if (timeout === undefined) return { timeoutMs: undefined }
  const allowed = 'a finite number of milliseconds >= 0'
  if (typeof timeout !== 'number') throw invalidOption('type', 'timeout', timeout, allowed)
  if (!Number.isFinite(timeout) || timeout < 0) throw invalidOption('range', 'timeout', timeout, allowed)
  return { timeoutMs: timeout }
}

export { availableCpus, cpuCount, describeMachine } from './machine.js'
