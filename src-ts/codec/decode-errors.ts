import { Object } from '../primordials.js'
import { makeDomException, makeError } from './error-classes.js'
import { readKey } from './decode-strings.js'
import { type Reader, damaged } from './reader.js'
import { END, ERROR_ENUMERABLE, ERROR_PROPERTY } from './tags.js'

type ReadAny = (r: Reader) => unknown

function readProperties(r: Reader, error: object, readAny: ReadAny): void {
  for (let flags = r.u8(); flags !== END; flags = r.u8()) {
    if ((flags & ~ERROR_ENUMERABLE) !== ERROR_PROPERTY) throw damaged('an unknown kind of property')
    const enumerable = (flags & ERROR_ENUMERABLE) !== 0
    const key = readKey(r)
    Object.defineProperty(error, key, { value: readAny(r), enumerable, writable: true, configurable: true })
  }
}

export function readError(r: Reader, readAny: ReadAny): Error {
  const error = makeError(readAny(r), r.takeBlank())
  r.keep(error)
  readProperties(r, error, readAny)
  return error
}

export function readDomException(r: Reader, readAny: ReadAny): Error {
  const message = readAny(r)
  const name = readAny(r)
  const className = readAny(r)
  if (typeof message !== 'string' || typeof name !== 'string' || typeof className !== 'string') {
    throw damaged('a DOMException without its texts')
  }
  const error = makeDomException(message, name, className)
  r.keep(error)
  readProperties(r, error, readAny)
  return error
}
