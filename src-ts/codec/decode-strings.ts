import { Buffer, Object } from '../primordials.js'
import { cachedKey, cacheKey } from './key-cache.js'
import { type Reader, damaged } from './reader.js'

const LONGEST_HEADER = 2 ** 32 - 1

/** The rest of a string of `length` code units. */
export function readUtf16(r: Reader, length: number): string {
  return r.text('utf16le', length * 2)
}

/** The string in the block at the reader's place. */
export function readBlockText(r: Reader, encoding: 'latin1' | 'utf16le', unit: number): string {
  const bytes = Buffer.allocUnsafeSlow(r.bytesLength(unit))
  r.copyTo(bytes)
  return bytes.toString(encoding)
}

// Defining a property does not call the setter of `__proto__`, and works although Object.prototype may be frozen.
/** Adds an entry to an object that does not have it. */
export function setNew(record: object, key: string, value: unknown): void {
  if (!(key in Object.prototype)) (record as Record<string, unknown>)[key] = value
  else Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true })
}

/** A key that is not in the cache. */
function readNewKey(r: Reader, start: number, length: number, isWide: boolean): string {
  if (isWide) return readUtf16(r, length)
  const key = r.latin1(length)
  cacheKey(r.bytes, start, key)
  return key
}

/** Reads entries up to END into `target`, and returns it. */
export function readEntries(r: Reader, target: object, readAny: (r: Reader) => unknown): object {
  const record = target as Record<string, unknown>
  for (;;) {
    const header = r.varint()
    if (header === 0) return target
    if (header > LONGEST_HEADER) throw damaged('a key out of bounds')
    const length = (header - 1) >>> 1
    const isWide = (header & 1) === 0
    const start = r.offset
    const known = isWide || start + length > r.end ? undefined : cachedKey(r.bytes, start, length)
    if (known !== undefined) {
      r.offset = start + length
      record[known] = readAny(r)
    } else setNew(record, readNewKey(r, start, length, isWide), readAny(r))
  }
}

/** Reads one key alone. */
export function readKey(r: Reader): string {
  const header = r.varint()
  if (header === 0 || header > LONGEST_HEADER) throw damaged('a key out of bounds')
  return readNewKey(r, r.offset, (header - 1) >>> 1, (header & 1) === 0)
}
