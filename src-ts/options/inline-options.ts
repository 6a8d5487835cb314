import { invalidOptionBecause } from '../errors/index.js'
import { Array, Object, toObject } from '../primordials.js'
import type { OptionValues } from './checks.js'
import type { MapSettings } from './map-options.js'

const REASON = 'nJobs: 0 runs tasks in this process, which cannot be'
/** The options that need a worker process, and why. */
const REFUSED: readonly (readonly [option: string, what: string])[] = [
  ['cpuIds', 'pinned'],
  ['taskTimeout', 'killed when a task is late'],
  ['workerLifespan', 'replaced'],
  ['maxWorkerMemory', 'replaced'],
  ['maxHeap', 'given another heap'],
  ['env', 'given another environment'],
  ['cwd', 'given another working directory'],
  ['execArgv', 'given other options of node'],
  ['execPath', 'run by another program']
]

function isNoPinning(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0)
}

/**
 * Refuses options that a pool with `nJobs: 0` cannot honor.
 * @param values The options of the pool or of one of its calls.
 * @throws RangeError, `ERR_POOL_INVALID_OPTION`
 */
export function refuseInline(values: OptionValues): void {
  for (const [option, what] of REFUSED) {
    const value = values[option]
    if (value === undefined || (option === 'cpuIds' && isNoPinning(value))) continue
    // The message does not show the environment, because its values may be secrets.
    const shown = option === 'env' ? Object.keys(toObject(value)) : value
    throw invalidOptionBecause('range', option, shown, `${REASON} ${what}`)
  }
  const { stdio } = values
  if (stdio !== undefined && stdio !== 'inherit') {
    throw invalidOptionBecause('range', 'stdio', stdio, `${REASON} given other streams: only 'inherit' is possible`)
  }
}

/** The options of a call, unless the pool has `nJobs: 0` and cannot honor one of them. @throws as {@linkcode refuseInline} */
export function checkInline<S extends Pick<MapSettings, 'taskTimeout' | 'workerLifespan'>>(
  settings: S,
  nJobs: number
): S {
  const { taskTimeout, workerLifespan } = settings
  if (nJobs === 0) refuseInline({ taskTimeout, workerLifespan })
  return settings
}
