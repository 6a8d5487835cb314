import { invalidOptionBecause, warn } from '../errors/index.js'
import { Array, Math, Number, Object, Set } from '../primordials.js'

/** The limits that ids are checked against. */
export interface CpuLimits {
  /** The number of logical CPUs of the system. Each id is below it. */
  readonly cpuCount: number
  /** The ids that this process may use. */
  readonly availableCpus: readonly number[]
  /** False if the system has no pinning. */
  readonly canPin: boolean
}

const KIND = 'CPU ID(s) must be either a list or a single integer'

let warned = false

/**
 * Reads the `cpuIds` of a pool, in the shapes of MPIRE: `[2, 3]` one each, `[0]` one for all, `[[4, 5]]` a set for all,
 * `[[0, 1], [2, 3]]` a set each.
 *
 * Returns one set for each of the `nJobs` workers, without duplicates and without CPUs that this process may not use. Returns nothing if
 * no pinning is asked for. If the system has no pinning, returns nothing and says so once by a process warning.
 * @throws TypeError for the wrong kind of value, RangeError for a wrong length or bound, or a set without a usable CPU
 */
export function readCpuIds(cpuIds: unknown, nJobs: number, limits: CpuLimits): readonly (readonly number[])[] {
  if (cpuIds === undefined || cpuIds === null) return []
  if (!Array.isArray(cpuIds)) throw invalidOptionBecause('type', 'cpuIds', cpuIds, `CPU IDs must be a list. ${KIND}`)
  const elements: readonly unknown[] = cpuIds
  if (elements.length === 0) return []
  if (elements.length !== 1 && elements.length !== nJobs) {
    const reason = `Number of CPU IDs (${elements.length}) does not match number of jobs (${nJobs})`
    throw invalidOptionBecause('range', 'cpuIds', cpuIds, reason)
  }
  // Array.from visits holes, which map would skip.
  const sets = Array.from(elements, (element, index) => readSet(element, `cpuIds[${index}]`))
  checkBounds(sets.flat(), cpuIds, limits.cpuCount)
  if (!limits.canPin) {
    warnOnce()
    return []
  }
  const usable = sets.map((set, index) => cut(set, `cpuIds[${index}]`, limits.availableCpus))
  const [first] = usable
  return usable.length === 1 && first !== undefined ? Array.from({ length: nJobs }, () => first) : usable
}

/** Whether valid `cpuIds` have an entry for each worker. One entry is for all, however many there are. */
export function isForEach(cpuIds: unknown): boolean {
  return Array.isArray(cpuIds) && cpuIds.length > 1
}

function readSet(element: unknown, path: string): readonly number[] {
  if (!Array.isArray(element)) return [readId(element, path)]
  const ids: readonly unknown[] = element
  if (ids.length === 0) throw invalidOptionBecause('range', path, element, 'a set of CPU IDs cannot be empty')
  const set = new Set<number>()
  // By index, so that a hole is refused by its index, however long the array claims to be.
  for (let index = 0; index < ids.length; index += 1) set.add(readId(ids[index], `${path}[${index}]`))
  return [...set]
}

function readId(id: unknown, path: string): number {
  if (typeof id !== 'number') throw invalidOptionBecause('type', path, id, KIND)
  if (!Number.isInteger(id) || Object.is(id, -0)) throw invalidOptionBecause('range', path, id, KIND)
  return id
}

function checkBounds(ids: readonly number[], cpuIds: unknown, cpuCount: number): void {
  const highest = ids.reduce((a, b) => Math.max(a, b))
  if (highest >= cpuCount) {
    const reason = `CPU ID ${highest} exceeds the maximum CPU ID available on your system: ${cpuCount - 1}`
    throw invalidOptionBecause('range', 'cpuIds', cpuIds, reason)
  }
  if (ids.some((id) => id < 0)) throw invalidOptionBecause('range', 'cpuIds', cpuIds, 'CPU IDs cannot be negative')
}

function cut(set: readonly number[], path: string, availableCpus: readonly number[]): readonly number[] {
  const usable = set.filter((id) => availableCpus.includes(id))
  if (usable.length > 0) return usable
  const named = availableCpus.slice(0, 16).join(', ') + (availableCpus.length > 16 ? ', ...' : '')
  throw invalidOptionBecause('range', path, set, `this process may use none of these CPUs, only ${named}`)
}

function warnOnce(): void {
  if (warned) return
  warned = true
  warn('MILLRACE_NO_PINNING', 'Setting CPU affinity is not supported on this system. Ignoring cpuIds')
}
