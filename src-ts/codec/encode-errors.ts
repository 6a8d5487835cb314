import { inspect, types } from 'node:util'

import { Array, Object, String } from '../primordials.js'
import { accessorsOf, isDomClass, nearestClass } from './error-classes.js'
import { writeKey, writeString } from './encode-primitives.js'
import { type Session, writeReference } from './session.js'
import { ARRAY, DOM_EXCEPTION, END, ERROR, ERROR_ENUMERABLE, ERROR_PROPERTY } from './tags.js'

// These properties are not enumerable on most errors.
const hiddenKeys = ['name', 'message', 'stack', 'cause', 'errors', 'code']
const DESCRIPTION_LENGTH = 200

let showStack = (stack: string): string => stack

/** Makes every stack of an error pass through `show` before it is sent. */
export function filterStacks(show: (stack: string) => string): void {
  showStack = show
}

const { propertyIsEnumerable } = Object.prototype

function describe(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: 1,
      breakLength: Infinity,
      compact: true,
      customInspect: false,
      getters: false,
      maxArrayLength: 8,
      maxStringLength: 100
    }).replaceAll(/\s*\n\s*/g, ' ')
    return text.length > DESCRIPTION_LENGTH ? `${text.slice(0, DESCRIPTION_LENGTH)}…` : text
  } catch {
    return `[${typeof value}]`
  }
}

// An error always arrives. A property that cannot be sent is replaced by a description.
function writeOrDescribe(session: Session, value: unknown): void {
  const { writer, met, depth } = session
  const { length } = writer
  const { count } = met
  try {
    session.write(session, value)
  } catch {
    writer.rewind(length)
    met.rewind(count)
    session.depth = depth
    writeString(writer, describe(value))
  }
}

function read(error: object, key: string): unknown {
  try {
    return (error as Readonly<Record<string, unknown>>)[key]
  } catch {
    return '[a getter that throws]'
  }
}

// One by one, so that an error that cannot be sent does not cost the others. (Trying the whole list first would double the time per level.)
function writeErrorList(session: Session, errors: readonly unknown[]): void {
  const { writer, met } = session
  const number = met.meet(errors)
  if (number >= 0) {
    writeReference(session, number)
    return
  }
  const { length } = errors
  writer.u8(ARRAY)
  writer.varint(length)
  session.depth++
  for (let index = 0; index < length; index++) writeOrDescribe(session, read(errors, String(index)))
  session.depth--
}

function writeProperty(session: Session, key: string, value: unknown, flags: number): void {
  session.writer.u8(flags)
  writeKey(session.writer, key)
  if (key === 'errors' && Array.isArray(value) && !types.isProxy(value)) writeErrorList(session, value)
  else writeOrDescribe(session, value)
}

// The property may be inherited and not enumerable. The error arrives without its class, so the value becomes its own.
function writeHidden(session: Session, error: object, key: string, model: object): void {
  if (Object.hasOwn(error, key)) {
    if (propertyIsEnumerable.call(error, key)) return
    const value = read(error, key)
    const shown = key === 'stack' && typeof value === 'string' ? showStack(value) : value
    writeProperty(session, key, shown, ERROR_PROPERTY)
    return
  }
  if (key !== 'name' && key !== 'message' && key !== 'stack') return
  const value = read(error, key)
  if (typeof value === 'string' && value !== read(model, key)) writeProperty(session, key, value, ERROR_PROPERTY)
}

/** Writes an error with the nearest class that every process has, and with all of its properties. */
export function writeError(session: Session, error: object): void {
  const { writer } = session
  const nearest = nearestClass(error)
  const isDom = isDomClass(nearest)
  // The reader needs twice as much stack for an error as for an object.
  session.depth++
  writer.u8(isDom ? DOM_EXCEPTION : ERROR)
  if (isDom) {
    writeString(writer, String(read(error, 'message')))
    writeString(writer, String(read(error, 'name')))
  }
  writeString(writer, nearest.name)
  // The reader's constructor makes the inherited part of a DOMException.
  for (const key of hiddenKeys) writeHidden(session, error, key, isDom ? error : nearest.prototype)
  for (const key of isDom ? accessorsOf(nearest) : []) {
    if (!Object.hasOwn(error, key)) writeProperty(session, key, read(error, key), ERROR_PROPERTY)
  }
  for (const key of Object.getOwnPropertyNames(error)) {
    const isEnumerable = propertyIsEnumerable.call(error, key)
    if (isEnumerable) writeProperty(session, key, read(error, key), ERROR_PROPERTY | ERROR_ENUMERABLE)
    // For example those of a SuppressedError.
    else if (!hiddenKeys.includes(key)) writeProperty(session, key, read(error, key), ERROR_PROPERTY)
  }
  session.depth--
  writer.u8(END)
}
