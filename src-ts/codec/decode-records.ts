import { Array, Function, JSON, Object, Reflect } from '../primordials.js'
import { readEntries, readKey, setNew } from './decode-strings.js'
import { type ReadAny, type Reader, type RecordShape, damaged } from './reader.js'
import { END, LONGEST_SHAPE, SHAPE_BYTES } from './tags.js'
import { copyBytes } from './writer.js'

/*
 * The reader's side of records. Each message defines the shapes that it uses. The definitions that were read last are kept, found by
 * their bytes, and their keys are not decoded again. A shape that comes often gets a function of its own, in which the engine knows the
 * hidden class of the object and the place of each value. Where the host forbids to make code from strings, the loop reads all records.
 *
 * An object to which its own values may refer has to be there before them. Otherwise the function reads the values first and makes the
 * object at once, complete, which takes half the time.
 */

const SLOTS = 512
/** Making a function takes about as long as reading this many records does. */
const COMPILED_AFTER = 64

const cached: (RecordShape | undefined)[] = Array.from({ length: SLOTS }, () => undefined)
let mayCompile = true

function slotOf(bytes: Uint8Array, start: number, length: number): number {
  const middle = bytes[start + (length >> 1)] as number
  const late = bytes[start + length - 2] as number
  return ((bytes[start + 1] as number) * 31 + middle * 131 + late * 521 + length * 67) & (SLOTS - 1)
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false
  return true
}

/** Reads a definition and its number. */
export function defineShape(r: Reader): RecordShape {
  const number = r.varint()
  // After a value that could not be written, the writer begins at 0 again.
  if (number > r.shapes.length) throw damaged('a shape out of order')
  const length = r.varint()
  // The shortest definition is that of one key of no characters.
  if (length < 1 || length > SHAPE_BYTES) throw damaged('a shape out of bounds')
  const start = r.take(length)
  const slot = slotOf(r.bytes, start, length)
  let shape = cached[slot]
  if (shape === undefined || shape.definition.length !== length || !isSame(shape.definition, r.bytes, start)) {
    shape = parse(r, start, start + length)
    cached[slot] = shape
  }
  r.shapes[number] = shape
  return shape
}

function parse(r: Reader, start: number, end: number): RecordShape {
  const keys: string[] = []
  const template: Record<string, unknown> = {}
  r.offset = start
  while (r.offset < end) {
    const key = readKey(r)
    if (keys.length === LONGEST_SHAPE || Object.hasOwn(template, key)) throw damaged('an impossible shape')
    keys.push(key)
    setNew(template, key, undefined)
  }
  if (r.offset !== end) throw damaged('a shape out of bounds')
  return { keys, definition: copyBytes(r.bytes, start, end), template, uses: 0, read: readByLoop }
}

/** The shape of a number that the message has defined. */
export function shapeAt(r: Reader): RecordShape {
  const shape = r.shapes[r.varint()]
  if (shape === undefined) throw damaged('a shape that is not defined')
  return shape
}

function readByLoop(r: Reader, readAny: ReadAny, shape: RecordShape): object {
  const { keys } = shape
  // All entries are there from the start, so that objects of one shape have one hidden class, and no setter of the prototype is called.
  const record: Record<string, unknown> = r.keep({ ...shape.template })
  for (let at = 0; at < keys.length; at++) record[keys[at] as string] = readAny(r)
  if (++shape.uses === COMPILED_AFTER && mayCompile) compile(shape)
  return record
}

// Keys of a message become code here, so they are written as JSON, which quotes everything that could end the string. In a literal the
// name `__proto__` would set the prototype. No writer defines it, but the reader trusts nobody.
function compile(shape: RecordShape): void {
  if (shape.keys.includes('__proto__')) return
  const names = shape.keys.map((key) => JSON.stringify(key))
  const source = `'use strict'
return (r, readAny) => {
  if (!r.keepsObjects) {
    ${names.map((_, at) => `const v${at} = readAny(r)`).join('\n    ')}
    return { ${names.map((name, at) => `${name}: v${at}`).join(', ')} }
  }
  const record = r.keep({ ${names.map((name) => `${name}: undefined`).join(', ')} })
  ${names.map((name) => `record[${name}] = readAny(r)`).join('\n  ')}
  return record
}`
  try {
    shape.read = (Reflect.construct(Function, [source]) as () => RecordShape['read'])()
  } catch {
    mayCompile = false
  }
}

/** Reads an object that has only the first keys of a shape, and then entries. */
export function readPart(r: Reader, shape: RecordShape, readAny: ReadAny): object {
  const record = r.keep({})
  let at = 0
  while (r.peek() !== END) {
    const key = shape.keys[at++]
    if (key === undefined) throw damaged('more values than keys')
    setNew(record, key, readAny(r))
  }
  r.take(1)
  return readEntries(r, record, readAny)
}
