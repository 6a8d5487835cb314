import { Uint32Array } from '../primordials.js'
import type { Writer } from '../codec/index.js'
import { HEADER_BYTES, paddedLength } from '../protocol/index.js'

/** Begins a frame at the end of what is written. Returns its start. */
export function beginFrame(writer: Writer): number {
  const start = writer.length
  writer.reserve(HEADER_BYTES)
  writer.length += HEADER_BYTES
  writer.beginShared()
  return start
}

/** Ends the frame at `start`. `words` are its kind and its fields. */
export function endFrame(writer: Writer, start: number, words: readonly number[]): void {
  const payload = writer.length - start - HEADER_BYTES
  const end = start + HEADER_BYTES + paddedLength(payload)
  writer.reserve(end - writer.length)
  writer.bytes.fill(0, writer.length, end)
  writer.length = end
  const header = new Uint32Array(writer.bytes.buffer, writer.bytes.byteOffset + start, HEADER_BYTES / 4)
  header.fill(0)
  header[0] = payload
  header.set(words, 1)
}
