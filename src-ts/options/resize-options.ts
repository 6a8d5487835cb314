import { invalidOption, invalidOptionBecause } from '../errors/index.js'
import { Array, Set } from '../primordials.js'
import { copyOptions, readInteger } from './checks.js'
import { type CpuLimits, isForEach, readCpuIds } from './cpu-ids.js'
import { MAX_JOBS } from './limits.js'
import { RESIZE_OPTIONS } from './names.js'

/** How many workers a pool has, and where they run. */
export interface PoolSize {
  /** 0: tasks run in this process. */
  readonly nJobs: number
  /** The CPUs of each worker. Empty if there is no pinning. */
  readonly cpuIds: readonly (readonly number[])[]
  /** Whether `cpuIds` were given for each worker. */
  readonly hasCpusEach: boolean
}

/** The number of CPUs that the workers share: those of their pins, or those that this process may use. */
export function sharedCpus({ cpuIds, usableCpus }: Pick<PoolSize, 'cpuIds'> & { readonly usableCpus: number }): number {
  return cpuIds.length === 0 ? usableCpus : new Set(cpuIds.flat()).size
}

/**
 * Reads the arguments of `resize`.
 * @param size The present size.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`.
 */
export function readResize(nJobs: unknown, options: unknown, size: PoolSize, machine: CpuLimits): PoolSize {
  const values = copyOptions(options, RESIZE_OPTIONS)
  if (nJobs === 0) {
    throw invalidOptionBecause(
      'range',
      'nJobs',
      nJobs,
      'a pool with workers cannot be resized to run tasks in this process'
    )
  }
  const count = readInteger({ nJobs }, 'nJobs', 1, MAX_JOBS)
  if (count === undefined) throw invalidOption('type', 'nJobs', nJobs, `an integer from 1 to ${MAX_JOBS}`)
  if (size.nJobs === 0) {
    const reason = 'a pool with nJobs: 0 runs tasks in this process, and cannot be resized'
    throw invalidOptionBecause('range', 'nJobs', nJobs, reason)
  }
  const { cpuIds } = values
  if (cpuIds !== undefined) {
    const sets = readCpuIds(cpuIds, count, machine)
    return { nJobs: count, cpuIds: sets, hasCpusEach: isForEach(cpuIds) }
  }
  if (count === size.nJobs) return size
  if (size.hasCpusEach) {
    const reason = `the pool has cpuIds for each of its ${size.nJobs} workers, so it needs new ones: resize(${count}, { cpuIds })`
    throw invalidOptionBecause('range', 'nJobs', nJobs, reason)
  }
  const [forAll] = size.cpuIds
  const sets = forAll === undefined ? [] : Array.from({ length: count }, () => forAll)
  return { nJobs: count, cpuIds: sets, hasCpusEach: false }
}
