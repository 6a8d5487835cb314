import { readValue } from './decode.js'
import type { Reader } from './reader.js'
import { NotSerializableError } from '../errors/index.js'

/**
 * Reads up to `count` results. The bytes of a worker are not trusted. If a result cannot be read, it and all results after it are lost.
 * @returns how many results could be read
 */
export function readResults(reader: Reader, count: number, take: (offset: number, value: unknown) => void): number {
  for (let offset = 0; offset < count; offset++) {
    let value: unknown
    try {
      value = readValue(reader)
    } catch {
      return offset
    }
    take(offset, value)
  }
  return count
}

/** Reads the value that a task threw. */
export function readFailure(reader: Reader): unknown {
  try {
    return readValue(reader)
  } catch {
    return unreadable()
  }
}

/** The error of a task whose result could not be read. */
export function unreadable(): NotSerializableError {
  return new NotSerializableError('result', 'the bytes that the worker sent cannot be decoded')
}
