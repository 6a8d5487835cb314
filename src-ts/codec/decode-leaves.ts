import { BigInt, RegExp, TypeError, toObject } from '../primordials.js'
import { type Reader, damaged } from './reader.js'

type ReadAny = (r: Reader) => unknown

/** A BigInt beyond 64 bits. */
export function readBigInt(r: Reader): bigint {
  const isNegative = r.u8() === 1
  const magnitude = BigInt(`0x0${r.text('hex', r.varint())}`)
  return isNegative ? -magnitude : magnitude
}

export function readRegExp(r: Reader, readAny: ReadAny): RegExp {
  const number = r.number()
  const source = readAny(r)
  const flags = readAny(r)
  if (typeof source !== 'string' || typeof flags !== 'string') throw damaged('a RegExp without its source')
  try {
    const regexp = new RegExp(source, flags)
    r.keepAs(number, regexp)
    return regexp
  } catch (cause) {
    throw new TypeError(`damaged message: this version has no such RegExp: /${source}/${flags}`, { cause })
  }
}

export function readBoxed(r: Reader, readAny: ReadAny): unknown {
  const number = r.number()
  const value = readAny(r)
  if (typeof value === 'object') throw damaged('an object where a primitive has to be')
  const boxed: unknown = toObject(value)
  r.keepAs(number, boxed)
  return boxed
}
