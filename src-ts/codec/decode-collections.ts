import { Reflect, UserMap, UserSet } from '../primordials.js'
import { readEntries } from './decode-strings.js'
import { type Reader, damaged } from './reader.js'
import { END, HOLES } from './tags.js'

type ReadAny = (r: Reader) => unknown

const LONGEST_ARRAY = 2 ** 32 - 1
// Up to this length an array is allocated at once. A longer one only grows with the bytes that have arrived.
const CHEAP_HOLES = 1024

function readSparseRest(r: Reader, array: unknown[], length: number, readAny: ReadAny): void {
  r.take(1)
  // The engine reserves room for each hole, up to 256 MB, unless the array was once too long for that.
  if (length > CHEAP_HOLES + (r.end - r.offset)) array.length = LONGEST_ARRAY
  array.length = length
  for (let position = r.varint(); position !== END; position = r.varint()) {
    if (position > length) throw damaged('an index out of bounds')
    array[position - 1] = readAny(r)
  }
}

/** An array, and with `hasNames` its named properties. It grows as elements are read, whatever length is announced. */
export function readArray(r: Reader, hasNames: boolean, readAny: ReadAny): unknown[] {
  const length = r.varint()
  if (length > LONGEST_ARRAY) throw damaged('an array out of bounds')
  const array: unknown[] = []
  r.refs.push(array)
  while (array.length < length) {
    if (r.bytes[r.offset] === HOLES && r.offset < r.end) {
      readSparseRest(r, array, length, readAny)
      break
    }
    array.push(readAny(r))
  }
  if (hasNames) readEntries(r, array, readAny)
  return array
}

const setEntry = UserMap.prototype.set
const addMember = UserSet.prototype.add

export function readMap(r: Reader, readAny: ReadAny): Map<unknown, unknown> {
  const map = new UserMap<unknown, unknown>()
  r.refs.push(map)
  for (let rest = r.varint(); rest > 0; rest--) {
    const key = readAny(r)
    Reflect.apply(setEntry, map, [key, readAny(r)])
  }
  return map
}

export function readSet(r: Reader, readAny: ReadAny): Set<unknown> {
  const set = new UserSet<unknown>()
  r.refs.push(set)
  for (let rest = r.varint(); rest > 0; rest--) Reflect.apply(addMember, set, [readAny(r)])
  return set
}
