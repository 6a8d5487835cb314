import { Array } from '../primordials.js'
import { shorten, type TaskOrigin } from '../errors/index.js'
import { readValue } from './decode.js'
import { writeValue } from './encode.js'
import type { Reader } from './reader.js'
import type { Writer } from './writer.js'

/** Used if a worker has sent an origin that makes no sense. */
const UNKNOWN: TaskOrigin = { item: undefined, workerId: -1, pid: -1 }
const ITEM_LENGTH = 200

/** Writes the origin of a failure, which comes before its error. */
export function writeOrigin(writer: Writer, { item, workerId, pid }: TaskOrigin): void {
  writeValue(writer, [item, workerId, pid], () => 'task')
}

/**
 * Reads the origin of a failure. A worker may have written anything.
 * @throws RangeError or TypeError if it cannot be decoded
 */
export function readOrigin(reader: Reader): TaskOrigin {
  const origin = readValue(reader)
  if (!Array.isArray(origin)) return UNKNOWN
  const [item, workerId, pid]: readonly unknown[] = origin
  if (typeof workerId !== 'number' || typeof pid !== 'number') return UNKNOWN
  return { item: typeof item === 'string' ? shorten(item, ITEM_LENGTH) : undefined, workerId, pid }
}
