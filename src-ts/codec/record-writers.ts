import { Function, JSON, Object, Reflect } from '../primordials.js'
import { writeNumber, writeString } from './encode-primitives.js'
import { propertyStep, within } from './refusal.js'
import type { Session } from './session.js'
import { FALSE, NULL, TRUE } from './tags.js'
import type { Writer } from './writer.js'

/*
 * A shape that comes often gets a function of its own, which writes the values of an object: the counterpart of the one that reads them.
 * In it the engine knows where each value is, and which kind of value it was the times before. Where the host forbids to make code from
 * strings, a loop writes all records.
 *
 * The function reads each value once, in the order of the keys. So a getter sees what it sees in the loop. It may also delete a key that
 * comes later. Such a key reads as undefined and is not there, so the function stops in front of it.
 */

/** Writes the values of an object that has the keys of the shape, and returns how many it has written. */
export type WriteRecord = (session: Session, writer: Writer, object: object) => number

/** Making a function takes about as long as writing this many records does. */
export const COMPILED_AFTER = 64

let mayCompile = true

// Names and values that the code may use, beside its arguments.
const scope = {
  writeString,
  writeNumber,
  hasOwn: Object.prototype.hasOwnProperty,
  within: (error: unknown, keys: readonly string[], at: number): unknown => within(error, propertyStep, keys[at])
}

function sourceOfValue(key: string, at: number): string {
  const name = JSON.stringify(key)
  return `
    at = ${at}
    value = object[${name}]
    if (typeof value === 'string') writeString(writer, value)
    else if (typeof value === 'number') writeNumber(writer, value)
    else if (value === null) writer.u8(${NULL})
    else if (typeof value === 'boolean') writer.u8(value ? ${TRUE} : ${FALSE})
    else if (value === undefined && !hasOwn.call(object, ${name})) return ${at}
    else session.write(session, value)`
}

/**
 * Makes the function of a shape.
 * @returns undefined if the host forbids it
 */
export function compileWriter(keys: readonly string[]): WriteRecord | undefined {
  if (!mayCompile) return undefined
  const source = `'use strict'
return (session, writer, object) => {
  let at = 0
  let value
  try {${keys.map(sourceOfValue).join('')}
  } catch (error) {
    throw within(error, keys, at)
  }
  return ${keys.length}
}`
  try {
    const make = Reflect.construct(Function, [...Object.keys(scope), 'keys', source]) as (
      ...values: readonly unknown[]
    ) => WriteRecord
    return make(...Object.values(scope), keys)
  } catch {
    mayCompile = false
    return undefined
  }
}
