import { asIntN, Buffer } from '../primordials.js'
import { HEAD_BYTES } from './blocks.js'
import {
  BIGINT,
  BIGINT64,
  DOUBLE,
  FALSE,
  IN_BLOCK,
  INT32,
  LATIN1,
  NULL,
  SMALL_INT,
  TRUE,
  UNDEFINED,
  UTF16
} from './tags.js'
import type { Writer } from './writer.js'

// Up to this length a loop over the characters is faster than a call into Node.
const SHORT_STRING = 40
// From this length on a string is worth a block, although its bytes are made apart from the message first.
const BLOCK_CHARACTERS = 512 * 1024
// For a string that V8 stores with one byte per character this takes constant time.
/** A character above 255. */
export const WIDE: RegExp = /[^\0-\xff]/

/** Writes a number with its tag. -0 and NaN are kept. */
export function writeNumber(w: Writer, value: number): void {
  const int = value | 0
  if (int !== value || (int === 0 && 1 / value < 0)) w.taggedF64(DOUBLE, value)
  else if (int >= 0 && int < 128) w.u8(SMALL_INT | int)
  else w.taggedI32(INT32, int)
}

// At a character above 255 it restores the writer and returns false.
function writeShortLatin1(w: Writer, text: string, start: number): boolean {
  const { bytes } = w
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 255) return false
    bytes[start + i] = code
  }
  w.length = start + text.length
  return true
}

/** Writes a long string as the place of a block. Returns false if it must be written here. */
function writeTextInBlock(w: Writer, text: string, isWide: boolean): boolean {
  let bytes: Buffer
  try {
    bytes = Buffer.from(text, isWide ? 'utf16le' : 'latin1')
  } catch {
    return false
  }
  const place = w.putBlock(bytes)
  if (place < 0) return false
  w.u8(IN_BLOCK)
  w.varint(place)
  w.u8(isWide ? UTF16 : LATIN1)
  w.varint(text.length)
  w.copy(bytes.subarray(0, HEAD_BYTES))
  return true
}

/** Writes a string with its tag. Lone surrogates are kept. */
export function writeString(w: Writer, text: string): void {
  const { length } = text
  if (length <= SHORT_STRING) {
    w.reserve(2 + SHORT_STRING)
    w.bytes[w.length] = LATIN1
    w.bytes[w.length + 1] = length
    if (writeShortLatin1(w, text, w.length + 2)) return
  } else {
    if (length >= BLOCK_CHARACTERS && w.blocks !== undefined && writeTextInBlock(w, text, WIDE.test(text))) return
    // A text that is too long is refused before its characters are looked at.
    w.reserve(length)
    if (!WIDE.test(text)) {
      w.u8(LATIN1)
      w.varint(length)
      w.text(text, 'latin1', length)
      return
    }
  }
  w.u8(UTF16)
  w.varint(length)
  w.text(text, 'utf16le', length * 2)
}

/** Writes the key of an entry. */
export function writeKey(w: Writer, key: string): void {
  const { length } = key
  if (length <= SHORT_STRING) {
    w.reserve(1 + SHORT_STRING)
    w.bytes[w.length] = (length << 1) + 1
    if (writeShortLatin1(w, key, w.length + 1)) return
  }
  const isWide = WIDE.test(key)
  w.varint(length * 2 + (isWide ? 2 : 1))
  if (isWide) w.text(key, 'utf16le', length * 2)
  else w.text(key, 'latin1', length)
}

function writeBigInt(w: Writer, value: bigint): void {
  if (asIntN(64, value) === value) {
    w.u8(BIGINT64)
    w.i64(value)
    return
  }
  const digits = (value < 0n ? -value : value).toString(16)
  const hex = digits.length % 2 === 0 ? digits : `0${digits}`
  w.u8(BIGINT)
  w.u8(value < 0n ? 1 : 0)
  w.varint(hex.length / 2)
  w.text(hex, 'hex', hex.length / 2)
}

/** Writes a primitive with its tag. For objects, functions and symbols it writes nothing and returns false. */
export function writePrimitive(w: Writer, value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      writeNumber(w, value)
      return true
    case 'string':
      writeString(w, value)
      return true
    case 'boolean':
      w.u8(value ? TRUE : FALSE)
      return true
    case 'undefined':
      w.u8(UNDEFINED)
      return true
    case 'bigint':
      writeBigInt(w, value)
      return true
    default:
      if (value !== null) return false
      w.u8(NULL)
      return true
  }
}
