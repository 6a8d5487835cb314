import { BigInt, Boolean, Date, Number, Object, RegExp, String, TypeError } from '../primordials.js'
import { writePrimitive, writeString } from './encode-primitives.js'
import { BOXED, DATE, REGEXP } from './tags.js'
import type { Writer } from './writer.js'

const getTime = Date.prototype.getTime
// The accessors themselves, because the object may have an own property of that name.
const sourceOf = Object.getOwnPropertyDescriptor(RegExp.prototype, 'source')?.get
const flagsOf = Object.getOwnPropertyDescriptor(RegExp.prototype, 'flags')?.get

const unboxed: readonly ((this: object) => unknown)[] = [
  Number.prototype.valueOf,
  String.prototype.valueOf,
  Boolean.prototype.valueOf,
  BigInt.prototype.valueOf
]

/** Writes a Date, an invalid one too. */
export function writeDate(w: Writer, date: object): void {
  w.u8(DATE)
  w.f64(getTime.call(date as Date))
}

/** Writes a RegExp without its `lastIndex`. */
export function writeRegExp(w: Writer, regexp: object): void {
  w.u8(REGEXP)
  writeString(w, String(sourceOf?.call(regexp)))
  writeString(w, String(flagsOf?.call(regexp)))
}

/** Writes a Number, String, Boolean or BigInt object. */
export function writeBoxed(w: Writer, boxed: object): void {
  w.u8(BOXED)
  for (const valueOf of unboxed) {
    try {
      writePrimitive(w, valueOf.call(boxed))
      return
    } catch (error) {
      // Each of these throws for objects of the other kinds.
      if (!(error instanceof TypeError)) throw error
    }
  }
}
