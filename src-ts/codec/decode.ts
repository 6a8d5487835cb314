import { Array, Date, Object } from '../primordials.js'
import { readArrayBuffer, readBuffer, readRegion, readResizableBuffer, readView } from './decode-binary.js'
import { readDomException, readError } from './decode-errors.js'
import { readArray, readMap, readSet, readUnusualArray } from './decode-collections.js'
import { readBigInt, readBoxed, readRegExp } from './decode-leaves.js'
import { defineShape, readPart, shapeAt } from './decode-records.js'
import { readBlockText, readEntries, readUtf16 } from './decode-strings.js'
import { type Reader, damaged } from './reader.js'
import * as tags from './tags.js'

function readReference(r: Reader): unknown {
  const number = r.varint()
  const object = r.objects[number]
  // It may also be a view that refers to itself as its buffer.
  if (object === undefined) throw damaged('a reference to nothing')
  return object
}

function readFromBlock(r: Reader): unknown {
  r.place = r.varint()
  try {
    const tag = r.u8()
    if (tag === tags.BUFFER) return readBuffer(r)
    if (tag === tags.ARRAY_BUFFER) return readArrayBuffer(r)
    if (tag === tags.RESIZABLE_BUFFER) return readResizableBuffer(r)
    if (tag === tags.LATIN1) return readBlockText(r, 'latin1', 1)
    if (tag === tags.UTF16) return readBlockText(r, 'utf16le', 2)
  } finally {
    r.place = -1
  }
  throw damaged('a block of something else')
}

function readReferring(r: Reader): unknown {
  r.keepsObjects = true
  return readAny(r)
}

// In the order of the tags. The tags of ordinary values are tested before.
const readers: readonly (((r: Reader) => unknown) | undefined)[] = Object.assign(
  Array.from({ length: tags.SMALL_INT }, () => undefined),
  {
    [tags.UNDEFINED]: () => undefined,
    [tags.BIGINT64]: (r: Reader) => r.i64(),
    [tags.BIGINT]: readBigInt,
    [tags.UTF16]: (r: Reader) => readUtf16(r, r.varint()),
    [tags.REF]: readReference,
    [tags.UNUSUAL_ARRAY]: (r: Reader) => readUnusualArray(r, readAny),
    [tags.MAP]: (r: Reader) => readMap(r, readAny),
    [tags.SET]: (r: Reader) => readSet(r, readAny),
    [tags.DATE]: (r: Reader) => r.keep(new Date(r.f64())),
    [tags.REGEXP]: (r: Reader) => readRegExp(r, readAny),
    [tags.BOXED]: (r: Reader) => readBoxed(r, readAny),
    [tags.DOM_EXCEPTION]: (r: Reader) => readDomException(r, readAny),
    [tags.BUFFER]: readBuffer,
    [tags.ARRAY_BUFFER]: readArrayBuffer,
    [tags.RESIZABLE_BUFFER]: readResizableBuffer,
    [tags.VIEW]: (r: Reader) => readView(r, false, readAny),
    [tags.TRACKING_VIEW]: (r: Reader) => readView(r, true, readAny),
    [tags.RECORD_NEW_PART]: (r: Reader) => readPart(r, defineShape(r), readAny),
    [tags.RECORD_PART]: (r: Reader) => readPart(r, shapeAt(r), readAny),
    [tags.IN_BLOCK]: readFromBlock,
    [tags.REFERRING]: readReferring,
    [tags.REGION]: readRegion
  }
)

function readAny(r: Reader): unknown {
  const tag = r.u8()
  if (tag >= tags.SMALL_INT) return tag - tags.SMALL_INT
  if (tag === tags.DOUBLE) return r.f64()
  if (tag === tags.INT32) return r.i32()
  if (tag === tags.LATIN1) return r.latin1(r.varint())
  if (tag === tags.NULL) return null
  if (tag === tags.TRUE) return true
  if (tag === tags.FALSE) return false
  // Tested here and not in the table, because each extra call between two levels costs depth.
  if (tag === tags.RECORD || tag === tags.RECORD_NEW) {
    const shape = tag === tags.RECORD ? shapeAt(r) : defineShape(r)
    return shape.read(r, readAny, shape)
  }
  if (tag === tags.OBJECT) return readEntries(r, r.keep({}), readAny)
  if (tag === tags.ARRAY) return readArray(r, readAny)
  if (tag === tags.ERROR) return readError(r, readAny)
  const read = readers[tag]
  if (read === undefined) throw damaged(`no value begins with ${tag}`)
  return read(r)
}

function forget(r: Reader): void {
  r.keepsObjects = false
  if (r.objects.length > 0) r.objects = []
}

/**
 * Decodes the value at the reader's offset and moves the offset past it. Everything is copied out of the bytes. Nothing is read beyond
 * the reader's end.
 * @throws RangeError or TypeError for bytes that are not an encoded value
 */
export function readValue(r: Reader): unknown {
  // A damaged value may have left objects behind.
  forget(r)
  const value = readAny(r)
  forget(r)
  return value
}
