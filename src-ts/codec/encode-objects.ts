import { inspect } from 'node:util'

import { Number, Object, String } from '../primordials.js'
import { writeKey, writeNumber, writeString } from './encode-primitives.js'
import { elementStep, propertyStep, within } from './refusal.js'
import type { Session } from './session.js'
import type { WriteRecord } from './record-writers.js'
import { meetShape, type Shape, writerOf } from './shapes.js'
import {
  ARRAY,
  END,
  HOLES,
  NULL,
  OBJECT,
  RECORD,
  RECORD_NEW,
  RECORD_NEW_PART,
  RECORD_PART,
  UNUSUAL_ARRAY
} from './tags.js'
import type { Writer } from './writer.js'

const hasOwn = Object.prototype.hasOwnProperty

// Up to this length the keys are counted. For longer arrays `inspect` is asked, which finds names in constant time.
const COUNTED_KEYS = 64

const nothing = {}

// Whether objects inherit enumerable keys. Normally nobody has put one on Object.prototype.
function inheritsFromAll(): boolean {
  for (const _ in nothing) return true
  return false
}

function beginRecord(writer: Writer, shape: Shape): void {
  const number = meetShape(writer, shape)
  writer.u8(number < 0 ? RECORD_NEW : RECORD)
  writer.varint(shape.number)
  if (number >= 0) return
  writer.varint(shape.definition.length)
  writer.copyShort(shape.definition)
}

// The object has turned out to be different: a getter has changed it, or it inherits keys.
function endPart(writer: Writer, start: number): void {
  writer.bytes[start] = writer.bytes[start] === RECORD ? RECORD_PART : RECORD_NEW_PART
  writer.u8(END)
}

/**
 * Begins an object whose shape has a function that writes its values.
 * @returns the function, or undefined if nothing was written
 */
export function beginLiteral(writer: Writer, shape: Shape | undefined): WriteRecord | undefined {
  const write = shape === undefined || inheritsFromAll() ? undefined : writerOf(shape)
  if (shape !== undefined && write !== undefined) beginRecord(writer, shape)
  return write
}

/**
 * Ends an object after such a function. If it has not written all values, a getter has deleted the next key.
 * @param start Where the object begins.
 */
export function endLiteral(session: Session, object: object, shape: Shape, written: number, start: number): void {
  if (written === shape.keys.length) return
  const { writer } = session
  endPart(writer, start)
  for (const key of shape.keys.slice(written)) {
    if (!hasOwn.call(object, key)) continue
    try {
      const value = (object as Readonly<Record<string, unknown>>)[key]
      writeKey(writer, key)
      session.write(session, value)
    } catch (error) {
      throw within(error, propertyStep, key)
    }
  }
  writer.u8(END)
}

/**
 * Writes an object with its own enumerable entries, and runs each getter once. Without entries, writes nothing and returns false.
 * @param isLiteral Whether its prototype is that of literals.
 */
export function writeObject(session: Session, object: object, shape: Shape | undefined, isLiteral: boolean): boolean {
  const { writer } = session
  if (shape === undefined) return writeEntries(session, object)
  const { keys } = shape
  const start = writer.length
  beginRecord(writer, shape)
  // A key of the walk may be one that the object inherits.
  const inherits = isLiteral ? inheritsFromAll() : Object.getPrototypeOf(object) !== null
  let at = 0
  let isPart = false
  let current = ''
  try {
    for (const key in object) {
      if (inherits && !hasOwn.call(object, key)) continue
      current = key
      const value = (object as Readonly<Record<string, unknown>>)[key]
      if (isPart || key !== keys[at]) {
        if (!isPart) endPart(writer, start)
        isPart = true
        writeKey(writer, key)
      }
      at++
      if (typeof value === 'string') writeString(writer, value)
      else if (typeof value === 'number') writeNumber(writer, value)
      else if (value === null) writer.u8(NULL)
      else session.write(session, value)
    }
  } catch (error) {
    throw within(error, propertyStep, current)
  }
  if (!isPart && at === keys.length) return true
  if (!isPart) endPart(writer, start)
  writer.u8(END)
  return true
}

function writeEntries(session: Session, object: object): boolean {
  const start = session.writer.length
  let at: string | undefined
  try {
    // `for in` is fast because the engine prepares keys and offsets. It also skips keys that a getter has deleted meanwhile.
    for (const key in object) {
      if (!hasOwn.call(object, key)) continue
      if (at === undefined) session.writer.u8(OBJECT)
      at = key
      const value = (object as Readonly<Record<string, unknown>>)[key]
      writeKey(session.writer, key)
      session.write(session, value)
    }
  } catch (error) {
    throw within(error, propertyStep, at)
  }
  if (at !== undefined) session.writer.u8(END)
  return session.writer.length > start
}

// For long arrays this is a guess. A wrong yes only costs time, and a wrong no cannot happen because `inspect` shows every name.
function mayHaveNames(array: readonly unknown[]): boolean {
  const { length } = array
  if (length <= COUNTED_KEYS) {
    const keys = Object.keys(array)
    // A hole and a name together give the same count as neither. Names come last.
    return keys.length !== length || (length > 0 && keys[length - 1] !== String(length - 1))
  }
  const shown = inspect(array, {
    maxArrayLength: 0,
    depth: 0,
    customInspect: false,
    getters: false,
    showHidden: false,
    colors: false
  })
  return shown !== `[ ... ${length} more items ]`
}

// The index that a key stands for, or -1.
function indexOf(key: string, length: number): number {
  const index = +key
  return Number.isInteger(index) && index >= 0 && index < length && String(index) === key ? index : -1
}

function writeSparseRest(
  session: Session,
  array: readonly unknown[],
  from: number,
  length: number,
  keys: readonly string[]
): void {
  const { writer } = session
  writer.u8(HOLES)
  for (const key of keys) {
    const index = indexOf(key, length)
    if (index < from || !hasOwn.call(array, key)) continue
    try {
      writer.varint(index + 1)
      session.write(session, array[index])
    } catch (error) {
      throw within(error, elementStep, index)
    }
  }
  writer.u8(END)
}

function writeNamed(session: Session, array: readonly unknown[], length: number, keys: readonly string[]): void {
  const record = array as unknown as Readonly<Record<string, unknown>>
  for (const key of keys) {
    if (indexOf(key, length) >= 0 || !hasOwn.call(array, key)) continue
    try {
      const value = record[key]
      writeKey(session.writer, key)
      session.write(session, value)
    } catch (error) {
      throw within(error, propertyStep, key)
    }
  }
  session.writer.u8(END)
}

// The reader needs twice as much stack for these as for the elements before them.
function writeRest(
  session: Session,
  array: readonly unknown[],
  dense: number,
  length: number,
  hasNames: boolean
): void {
  const keys = Object.keys(array)
  session.depth++
  if (dense < length) writeSparseRest(session, array, dense, length, keys)
  if (hasNames) writeNamed(session, array, length, keys)
  else session.writer.u8(END)
  session.depth--
}

/** Writes an array with its holes and its named properties. */
export function writeArray(session: Session, array: readonly unknown[]): void {
  const { writer } = session
  const start = writer.length
  // Both are read before the elements, whose getters may change the array.
  const hasNames = mayHaveNames(array)
  const { length } = array
  writer.u8(ARRAY)
  writer.varint(length)
  let index = 0
  try {
    for (; index < length; index++) {
      const value = array[index]
      // A run of numbers or strings takes a faster path.
      if (typeof value === 'number') writeNumber(writer, value)
      else if (typeof value === 'string') writeString(writer, value)
      else if (value === undefined && !hasOwn.call(array, index)) break
      else session.write(session, value)
    }
  } catch (error) {
    throw within(error, elementStep, index)
  }
  if (index === length && !hasNames) return
  writer.bytes[start] = UNUSUAL_ARRAY
  writeRest(session, array, index, length, hasNames)
}
