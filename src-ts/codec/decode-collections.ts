import { Reflect, UserMap, UserSet } from '../primordials.js'
import { readEntries } from './decode-strings.js'
import { type Reader, damaged } from './reader.js'
import { END, HOLES } from './tags.js'

type ReadAny = (r: Reader) => unknown

const LONGEST_ARRAY = 2 ** 32 - 1
// Up to this length an array is allocated at once. A longer one only grows with the bytes that have arrived.
const CHEAP_HOLES = 1024
const FEW = 8

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

/** An array of up to 8 elements, which are read in the order of a literal. Made at once, it takes no more memory than it needs. */
function readFew(r: Reader, length: number, read: ReadAny): unknown[] {
  switch (length) {
    case 0:
      return []
    case 1:
      return [read(r)]
    case 2:
      return [read(r), read(r)]
    case 3:
      return [read(r), read(r), read(r)]
    case 4:
      return [read(r), read(r), read(r), read(r)]
    case 5:
      return [read(r), read(r), read(r), read(r), read(r)]
    case 6:
      return [read(r), read(r), read(r), read(r), read(r), read(r)]
    case 7:
      return [read(r), read(r), read(r), read(r), read(r), read(r), read(r)]
    default:
      return [read(r), read(r), read(r), read(r), read(r), read(r), read(r), read(r)]
  }
}

/** A dense array. It grows as elements are read, whatever length is announced. */
export function readArray(r: Reader, readAny: ReadAny): unknown[] {
  const length = r.varint()
  if (length <= FEW && !r.keepsObjects) return readFew(r, length, readAny)
  if (length > LONGEST_ARRAY) throw damaged('an array out of bounds')
  const array: unknown[] = r.keep([])
  for (let index = 0; index < length; index++) array.push(readAny(r))
  return array
}

/** An array that may have holes and named properties. */
export function readUnusualArray(r: Reader, readAny: ReadAny): unknown[] {
  const length = r.varint()
  if (length > LONGEST_ARRAY) throw damaged('an array out of bounds')
  const array: unknown[] = r.keep([])
  while (array.length < length) {
    if (r.peek() === HOLES) {
      readSparseRest(r, array, length, readAny)
      break
    }
    array.push(readAny(r))
  }
  readEntries(r, array, readAny)
  return array
}

const setEntry = UserMap.prototype.set
const addMember = UserSet.prototype.add

export function readMap(r: Reader, readAny: ReadAny): Map<unknown, unknown> {
  const map = r.keep(new UserMap<unknown, unknown>())
  for (let rest = r.varint(); rest > 0; rest--) {
    const key = readAny(r)
    Reflect.apply(setEntry, map, [key, readAny(r)])
  }
  return map
}

export function readSet(r: Reader, readAny: ReadAny): Set<unknown> {
  const set = r.keep(new UserSet<unknown>())
  for (let rest = r.varint(); rest > 0; rest--) Reflect.apply(addMember, set, [readAny(r)])
  return set
}
