import { readValue } from './decode.js'
import type { Reader } from './reader.js'
import { NotSerializableError } from '../errors/index.js'

/**
 * Reads up to `count` results. What a worker wrote is not trusted: what cannot be read is given up, with all after it.
 * @returns How many could be read.
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

/** Reads what a task threw. */
export function readFailure(reader: Reader): unknown {
  try {
    return readValue(reader)
  } catch {
    return unreadable()
  }
}

/** The failure of a task whose result was not read. */
export function unreadable(): NotSerializableError {
  return new NotSerializableError('result', 'the bytes that the worker sent cannot be decoded')
}
