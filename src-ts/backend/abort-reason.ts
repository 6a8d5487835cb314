import { Writer, writeValue } from '../codec/index.js'
import { Uint8Array } from '../primordials.js'

const NO_BYTES = new Uint8Array(0)
/** A larger reason of an abort is not sent, because it would delay the task that it is for. */
const REASON_BYTES = 64 * 1024

/** The encoded reason. Empty if it cannot be sent. */
export function encodeReason(reason: unknown): Uint8Array {
  if (reason === undefined) return NO_BYTES
  const writer = new Writer(256)
  try {
    writeValue(writer, reason, () => 'reason')
  } catch {
    return NO_BYTES
  }
  return writer.length > REASON_BYTES ? NO_BYTES : writer.bytes.subarray(0, writer.length)
}
