import { Array, Map, Math } from '../primordials.js'
import { APPLY_OPTIONS, MAP_OPTIONS, type OptionScope, POOL_OPTIONS } from './names.js'

/** Names that other pools use, without underscores and in lower case, and what an option of that meaning is called here. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['abortsignal', 'signal'],
  ['concatenatenumpyoutput', 'concatenate'],
  ['concurrency', 'nJobs'],
  ['iterablelen', 'iterableLength'],
  ['maxactivetasks', 'maxTasksActive'],
  ['maxtasksperchild', 'workerLifespan'],
  ['maxthreads', 'nJobs'],
  ['maxworkers', 'nJobs'],
  ['processes', 'nJobs'],
  ['retry', 'retries'],
  ['timeout', 'taskTimeout'],
  ['workers', 'nJobs']
])

const THEN = 'apply returns a promise, so pass the callback to its then()'

/** Options of MPIRE, written in the same way, that millrace does not need, and why. */
const NOT_NEEDED: ReadonlyMap<string, string> = new Map([
  ['callback', THEN],
  ['errorcallback', THEN],
  ['kwargs', 'JavaScript has no named arguments: pass an object as one of the arguments'],
  ['passworkerid', 'with passContext: true the function receives a context that has workerId'],
  ['startmethod', 'a worker is always a new process, so there is no start method to choose'],
  ['usedill', 'a function travels with the variables that it uses, so nothing else has to serialize it'],
  ['useworkerstate', 'with passContext: true the function receives a context that has state']
])

const ANY_CALL = 'a call'
/** More than any edit distance. */
const FAR = 1e9
/** No option has so long a name. */
const LONGEST_NAME = 40

/** What an error says about an unknown option: what it is called here, where it belongs, or why it is not needed. */
export function hintFor(option: string, scope: OptionScope): string | undefined {
  const owners = ownersOf(option)
  if (owners !== '') return `'${option}' is an option of ${owners}, not of ${excluded(scope, option)}`
  const plain = plainName(option)
  const reason = NOT_NEEDED.get(plain)
  if (reason !== undefined) return reason
  const synonym = SYNONYMS.get(plain)
  const here = synonym !== undefined && scope.names.includes(synonym) ? synonym : nearest(plain, scope.names)
  if (here !== undefined) return `did you mean '${here}'?`
  const elsewhere = synonym ?? nearest(plain, [...POOL_OPTIONS.names, ...MAP_OPTIONS.names])
  if (elsewhere === undefined) return undefined
  return `did you mean '${elsewhere}'? It is an option of ${ownersOf(elsewhere)}, not of ${excluded(scope, elsewhere)}`
}

/** Who takes the option: the pool, a call of any kind, or only a map. Empty if nobody does. */
function ownersOf(option: string): string {
  const owners: string[] = []
  if (POOL_OPTIONS.names.includes(option)) owners.push(POOL_OPTIONS.owner)
  if (APPLY_OPTIONS.names.includes(option)) owners.push(ANY_CALL)
  else if (MAP_OPTIONS.names.includes(option)) owners.push(MAP_OPTIONS.owner)
  return owners.join(' and of ')
}

/** Who does not take the option. An option that a map does not take is an option of no call. */
function excluded(scope: OptionScope, option: string): string {
  const isCall = scope === MAP_OPTIONS || scope === APPLY_OPTIONS
  return isCall && !MAP_OPTIONS.names.includes(option) ? ANY_CALL : scope.owner
}

/** So `chunk_size`, `chunk-size` and `chunksize` are one name. */
function plainName(option: string): string {
  return option.replaceAll(/[-_\s]/g, '').toLowerCase()
}

/** The option whose name differs least from `plain`, if it differs by a slip of the keyboard. */
function nearest(plain: string, names: readonly string[]): string | undefined {
  if (plain === '' || plain.length > LONGEST_NAME) return undefined
  let best: string | undefined
  // One slip in a short name, two in a longer one.
  let least = plain.length > 5 ? 3 : 2
  for (const name of names) {
    const distance = editDistance(plain, plainName(name))
    if (distance >= least || distance >= plain.length) continue
    best = name
    least = distance
  }
  return best
}

/** How many characters are to be inserted, removed, replaced, or swapped with the next one, to get from `from` to `to`. */
function editDistance(from: string, to: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      const replaced = at(last, column - 1) + (isSame ? 0 : 1)
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const swapped = isSwapped ? at(beforeLast, column - 2) + 1 : FAR
      current.push(Math.min(replaced, swapped, at(last, column) + 1, at(current, column - 1) + 1))
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? FAR
}
