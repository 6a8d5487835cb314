import { types } from 'node:util'

import { Buffer, Uint8Array } from '../primordials.js'
import { isDetached, isOutOfBounds, isPooled, isTracking, type ModernArrayBuffer, viewNumber } from './memory.js'
import { Refusal } from './refusal.js'
import type { Session } from './session.js'
import { ARRAY_BUFFER, BUFFER, REF, RESIZABLE_BUFFER, TRACKING_VIEW, VIEW } from './tags.js'

function writeBytes(session: Session, tag: number, bytes: Uint8Array): void {
  const { writer } = session
  writer.u8(tag)
  writer.varint(bytes.length)
  writer.copy(bytes)
}

/** Writes an ArrayBuffer. A resizable one stays resizable. */
export function writeBuffer(session: Session, value: object): void {
  const buffer = value as ModernArrayBuffer
  if (isDetached(buffer)) throw new Refusal('a detached ArrayBuffer')
  const { writer } = session
  if (buffer.resizable === true) {
    writer.u8(RESIZABLE_BUFFER)
    writer.varint(buffer.maxByteLength ?? buffer.byteLength)
    writer.varint(buffer.byteLength)
    writer.copy(new Uint8Array(buffer))
  } else writeBytes(session, ARRAY_BUFFER, new Uint8Array(buffer))
}

function writeSharedBuffer(session: Session, buffer: ArrayBuffer): void {
  const number = session.met.meet(buffer)
  if (number < 0) {
    writeBuffer(session, buffer)
    return
  }
  session.writer.u8(REF)
  session.writer.varint(number)
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

/** Writes a typed array or DataView with its whole buffer, and a Buffer as the bytes that it shows. */
export function writeView(session: Session, view: ArrayBufferView): void {
  const { writer } = session
  const { buffer } = view
  if (types.isSharedArrayBuffer(buffer)) throw new Refusal('a view of a SharedArrayBuffer')
  if (isOutOfBounds(view)) throw new Refusal('a view of a detached or shortened ArrayBuffer')
  if (view instanceof Buffer) {
    writeBytes(session, BUFFER, view)
    return
  }
  const number = viewNumber(view)
  if (number === undefined) throw new Refusal('a typed array of an unknown kind')
  if (isPooled(view)) {
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
