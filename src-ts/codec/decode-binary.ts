import { types } from 'node:util'

import { ArrayBuffer, Buffer, TypeError, Uint8Array } from '../primordials.js'
import { type ModernArrayBuffer, viewConstructors } from './memory.js'
import { type Reader, torn } from './reader.js'

// As Node does for its own: below this a zeroed allocation costs nothing.
const SMALL_BYTES = 4096

/** A copy of the next `length` bytes, as the whole of an ArrayBuffer. */
export function readArrayBuffer(r: Reader): ArrayBuffer {
  const length = r.varint()
  if (length > r.end - r.offset) throw torn('it ends too early')
  // Not zeroed where it is large: it is filled at once.
  const bytes = length <= SMALL_BYTES ? new Uint8Array(length) : Buffer.allocUnsafeSlow(length)
  r.copyTo(bytes)
  const { buffer } = bytes
  r.refs.push(buffer)
  return buffer
}

export function readResizableBuffer(r: Reader): ArrayBuffer {
  const maxByteLength = r.varint()
  const length = r.varint()
  if (length > r.end - r.offset || length > maxByteLength) throw torn('a resizable buffer out of bounds')
  const constructor: new (length: number, options: { maxByteLength: number }) => ModernArrayBuffer = ArrayBuffer
  const buffer = new constructor(length, { maxByteLength })
  r.copyTo(new Uint8Array(buffer))
  r.refs.push(buffer)
  return buffer
}

export function readBuffer(r: Reader): Buffer {
  const length = r.varint()
  if (length > r.end - r.offset) throw torn('it ends too early')
  const buffer = Buffer.allocUnsafe(length)
  r.copyTo(buffer)
  r.refs.push(buffer)
  return buffer
}

/** A typed array or DataView; `follows`: its length is that of its resizable buffer. */
export function readView(r: Reader, follows: boolean, readAny: (r: Reader) => unknown): ArrayBufferView {
  const constructor = viewConstructors[r.u8()]
  if (constructor === undefined) throw new TypeError('damaged message: this version has no such typed array')
  const number = r.refs.push(undefined) - 1
  const byteOffset = r.varint()
  const length = follows ? undefined : r.varint()
  const buffer = readAny(r)
  if (!types.isArrayBuffer(buffer)) throw torn('a view without its buffer')
  const view = new constructor(buffer, byteOffset, length)
  r.refs[number] = view
  return view
}
