import { types } from 'node:util'

import { Buffer, Uint8Array } from '../primordials.js'
import { HEAD_BYTES } from './blocks.js'
import { isDetached, isOutOfBounds, isSentAlone, isTracking, type ModernArrayBuffer, viewNumber } from './memory.js'
import { Refusal } from './refusal.js'
import { type Region, regionOf } from './regions.js'
import { type Session, writeReference } from './session.js'
import { ARRAY_BUFFER, BUFFER, BUFFER_VIEW, IN_BLOCK, REGION, RESIZABLE_BUFFER, TRACKING_VIEW, VIEW } from './tags.js'

function writeBytes({ writer }: Session, tag: number, bytes: Uint8Array, maxByteLength?: number): void {
  const place = writer.putBlock(bytes)
  if (place >= 0) {
    writer.u8(IN_BLOCK)
    writer.varint(place)
  }
  writer.u8(tag)
  if (maxByteLength !== undefined) writer.varint(maxByteLength)
  writer.varint(bytes.length)
  writer.copy(place < 0 ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, HEAD_BYTES))
}

/** Writes the id of a region, if the message can keep it. */
function writeRegion({ writer }: Session, region: Region | undefined): boolean {
  if (region === undefined || writer.regions === undefined) return false
  writer.regions.hold(region, writer)
  writer.u8(REGION)
  writer.f64(region.id)
  writer.varint(region.byteLength)
  return true
}

/** Writes an ArrayBuffer. A resizable one stays resizable, and one over a region stays that. */
export function writeBuffer(session: Session, value: object): void {
  const buffer = value as ModernArrayBuffer
  if (isDetached(buffer)) throw new Refusal('a detached ArrayBuffer')
  if (writeRegion(session, regionOf(buffer))) return
  const bytes = new Uint8Array(buffer)
  if (buffer.resizable === true) writeBytes(session, RESIZABLE_BUFFER, bytes, buffer.maxByteLength ?? bytes.length)
  else writeBytes(session, ARRAY_BUFFER, bytes)
}

function writeSharedBuffer(session: Session, buffer: ArrayBuffer): void {
  const number = session.met.meet(buffer)
  if (number < 0) {
    writeBuffer(session, buffer)
    return
  }
  writeReference(session, number)
}

function writePart(session: Session, view: ArrayBufferView, number: number): void {
  const { writer } = session
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  writer.u8(VIEW)
  writer.u8(number)
  writer.varint(0)
  writer.varint(elementCount(view))
  // The reader makes a buffer of these bytes alone, and that buffer uses up a number.
  session.met.skip()
  writeBytes(session, ARRAY_BUFFER, bytes)
}

function elementCount(view: ArrayBufferView): number {
  return (view as Partial<Uint8Array>).length ?? view.byteLength
}

/** Writes a typed array or DataView with its whole buffer, and a Buffer as the bytes that it shows, unless they are a region's. */
export function writeView(session: Session, view: ArrayBufferView): void {
  const { writer } = session
  const { buffer } = view
  if (types.isSharedArrayBuffer(buffer)) throw new Refusal('a view of a SharedArrayBuffer')
  if (isOutOfBounds(view)) throw new Refusal('a view of a detached or shortened ArrayBuffer')
  const keepsMemory = writer.regions !== undefined && regionOf(buffer) !== undefined
  const isBuffer = view instanceof Buffer
  if (isBuffer && !keepsMemory) {
    writeBytes(session, BUFFER, view)
    return
  }
  const number = isBuffer ? BUFFER_VIEW : viewNumber(view)
  if (number === undefined) throw new Refusal('a typed array of an unknown kind')
  if (!keepsMemory && isSentAlone(view)) {
    writePart(session, view, number)
    return
  }
  const follows = isTracking(view)
  writer.u8(follows ? TRACKING_VIEW : VIEW)
  writer.u8(number)
  writer.varint(view.byteOffset)
  if (!follows) writer.varint(elementCount(view))
  writeSharedBuffer(session, buffer)
}
