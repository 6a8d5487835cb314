import { types } from 'node:util'

import { ArrayBuffer, Buffer, TypeError, Uint8Array } from '../primordials.js'
import { type ModernArrayBuffer, viewConstructors } from './memory.js'
import { type Reader, damaged } from './reader.js'
import { openRegion, regionOf, withRelease } from './regions.js'
import { BUFFER_VIEW } from './tags.js'

// Node's own bound for its Buffers. Below it a zeroed allocation costs nothing.
const SMALL_BYTES = 4096

/** A copy of the next `length` bytes in an ArrayBuffer of exactly that size. */
export function readArrayBuffer(r: Reader): ArrayBuffer {
  const length = r.bytesLength()
  // A large buffer is not zeroed, because it is filled at once.
  const bytes = length <= SMALL_BYTES ? new Uint8Array(length) : Buffer.allocUnsafeSlow(length)
  r.copyTo(bytes)
  return r.keep(bytes.buffer)
}

export function readResizableBuffer(r: Reader): ArrayBuffer {
  const maxByteLength = r.varint()
  const length = r.bytesLength()
  if (length > maxByteLength) throw damaged('a resizable buffer out of bounds')
  const constructor: new (length: number, options: { maxByteLength: number }) => ModernArrayBuffer = ArrayBuffer
  const buffer = new constructor(length, { maxByteLength })
  r.copyTo(new Uint8Array(buffer))
  return r.keep(buffer)
}

/** The memory of a region itself. */
export function readRegion(r: Reader): ArrayBuffer {
  const id = r.f64()
  return r.keep(openRegion(id, r.varint()))
}

export function readBuffer(r: Reader): Buffer {
  const length = r.bytesLength()
  const buffer = Buffer.allocUnsafe(length)
  r.copyTo(buffer)
  return r.keep(buffer)
}

/** A typed array or DataView. With `follows` its length follows its resizable buffer. */
export function readView(r: Reader, follows: boolean, readAny: (r: Reader) => unknown): ArrayBufferView {
  const kind = r.u8()
  const constructor = kind === BUFFER_VIEW ? undefined : viewConstructors[kind]
  if (constructor === undefined && kind !== BUFFER_VIEW)
    throw new TypeError('damaged message: this version has no such typed array')
  const number = r.number()
  const byteOffset = r.varint()
  const length = follows ? undefined : r.varint()
  const buffer = readAny(r)
  if (!types.isArrayBuffer(buffer)) throw damaged('a view without its buffer')
  const view =
    constructor === undefined ? Buffer.from(buffer, byteOffset, length) : new constructor(buffer, byteOffset, length)
  r.keepAs(number, view)
  return regionOf(buffer) === undefined ? view : withRelease(view)
}
