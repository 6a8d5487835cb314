import { checkFunction } from '../functions/index.js'
import { type OptionValues, readMilliseconds } from './checks.js'

/** Milliseconds for the exit functions of a worker, and the same again for it to end. */
const EXIT_TIMEOUT_MS = 5_000

/** What workers do before their first task and when they leave. */
export interface LifeSettings {
  /** A function, a reference or a URL. */
  readonly workerInit: unknown
  readonly workerExit: unknown
  /** Milliseconds. */
  readonly workerInitTimeout: number | undefined
  /** Milliseconds. */
  readonly workerExitTimeout: number
}

export const NO_LIFE: LifeSettings = {
  workerInit: undefined,
  workerExit: undefined,
  workerInitTimeout: undefined,
  workerExitTimeout: EXIT_TIMEOUT_MS
}

/** @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`. */
export function readLife(values: OptionValues, defaults: LifeSettings): LifeSettings {
  return {
    workerInit: readTaskFunction(values, 'workerInit') ?? defaults.workerInit,
    workerExit: readTaskFunction(values, 'workerExit') ?? defaults.workerExit,
    workerInitTimeout: readMilliseconds(values, 'workerInitTimeout', false) ?? defaults.workerInitTimeout,
    workerExitTimeout: readMilliseconds(values, 'workerExitTimeout', false) ?? defaults.workerExitTimeout
  }
}

function readTaskFunction(values: OptionValues, option: string): unknown {
  const value = values[option]
  if (value !== undefined) checkFunction(value, option)
  return value
}
