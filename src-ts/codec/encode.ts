import { types } from 'node:util'

import { Array, isView, Object } from '../primordials.js'
import type { Brand } from './brands.js'
import { writeBuffer, writeView } from './encode-binary.js'
import { writeMap, writeSet } from './encode-collections.js'
import { writeError } from './encode-errors.js'
import { writeBoxed, writeDate, writeRegExp } from './encode-leaves.js'
import { beginLiteral, endLiteral, writeArray, writeObject } from './encode-objects.js'
import { writePrimitive } from './encode-primitives.js'
import { Identity } from './identity.js'
import { kindOf, kindOfEmpty } from './kinds.js'
import { isRefusal, Refusal, within } from './refusal.js'
import { type Session, writeReference } from './session.js'
import { shapeOf } from './shapes.js'
import { END, OBJECT, REFERRING } from './tags.js'
import { Writer } from './writer.js'

function writeBranded(session: Session, value: object, brand: Exclude<Brand, 'plain'>): void {
  if (typeof brand === 'object') throw new Refusal(brand.refused)
  switch (brand) {
    case 'date':
      writeDate(session.writer, value)
      return
    case 'map':
      writeMap(session, value)
      return
    case 'set':
      writeSet(session, value)
      return
    case 'regexp':
      writeRegExp(session.writer, value)
      return
    case 'boxed':
      writeBoxed(session.writer, value)
      return
    case 'buffer':
      writeBuffer(session, value)
      return
    case 'error':
      writeError(session, value)
  }
}

/** `literal`: an object whose prototype is that of literals. */
type Kind = Brand | 'literal' | 'array' | 'view' | 'reference'

// Separate from `write`, whose frame is on the stack once per level: a smaller frame allows more depth.
function begin(session: Session, value: unknown): Kind {
  if (typeof value !== 'object') throw new Refusal(typeof value === 'symbol' ? 'a symbol' : 'a function')
  // Never null, which is a primitive.
  const object = value as object
  if (types.isProxy(object)) throw new Refusal('a Proxy')
  const number = session.met.meet(object)
  if (number >= 0) {
    writeReference(session, number)
    return 'reference'
  }
  if (Array.isArray(object)) return 'array'
  if (isView(object)) return 'view'
  return Object.getPrototypeOf(object) === Object.prototype ? 'literal' : kindOf(object)
}

function writeEmpty(session: Session, object: object): void {
  const kind = kindOfEmpty(object)
  if (kind !== 'plain') writeBranded(session, object, kind)
  else {
    session.writer.u8(OBJECT)
    session.writer.u8(END)
  }
}

// About as deep as structured clone (objects 1,950, arrays 3,270), and half as deep for errors. The reader must have enough stack for
// it wherever it is called. Otherwise it could not find the values after this one.
const DEPTH_MAX = 2_000

function write(session: Session, value: unknown): void {
  if ((typeof value !== 'object' || value === null) && writePrimitive(session.writer, value)) return
  if (++session.depth > DEPTH_MAX) throw new Refusal(`nested too deeply, more than ${DEPTH_MAX} levels`)
  const kind = begin(session, value)
  if (kind === 'literal' || kind === 'plain') {
    const shape = shapeOf(value as object)
    const start = session.writer.length
    // Called from here and not from `writeObject`, because each function between two levels costs depth.
    const writeRecord = kind === 'literal' ? beginLiteral(session.writer, shape) : undefined
    if (shape !== undefined && writeRecord !== undefined) {
      endLiteral(session, value as object, shape, writeRecord(session, session.writer, value as object), start)
    } else if (!writeObject(session, value as object, shape, kind === 'literal')) writeEmpty(session, value as object)
  } else if (kind === 'array') writeArray(session, value as readonly unknown[])
  else if (kind === 'view') writeView(session, value as ArrayBufferView)
  else if (kind !== 'reference') writeBranded(session, value as object, kind)
  session.depth--
}

// A getter may submit a task during an encoding. Then there is more than one session.
const nobody = new Writer()
const sessions: (Session & { met: Identity })[] = []

/**
 * Encodes one value. Cycles and objects that occur twice are kept within it. After a throw the writer has half a value, so the caller
 * must rewind it.
 * @param root Returns the start of the path in an error. Called only for an error.
 * @throws {@linkcode NotSerializableError}, with the path, for a value that cannot be sent; and whatever a getter of the value throws
 */
export function writeValue(w: Writer, value: unknown, root: () => string): void {
  try {
    if (writePrimitive(w, value)) return
  } catch (error) {
    throw isRefusal(error) ? error.toError(root()) : error
  }
  const session = sessions.pop() ?? { writer: w, met: new Identity(), refers: false, depth: 0, write }
  session.writer = w
  session.depth = 0
  session.refers = false
  if (!w.isShared) w.begin()
  const start = w.length
  try {
    write(session, value)
    if (session.refers) w.insert(start, REFERRING)
  } catch (error) {
    const reason = within(error, () => '', undefined)
    throw isRefusal(reason) ? reason.toError(root()) : reason
  } finally {
    session.met.clear()
    // The memory of a large message is not kept until the next one.
    session.writer = nobody
    sessions.push(session)
  }
}
