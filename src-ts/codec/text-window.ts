import { Math } from '../primordials.js'
import { SHORT_TEXT, shortText } from './short-text.js'

/*
 * A call into Node for each string of a record takes longer than all the rest of the record. So one call reads the bytes of the message
 * around a string as text, whatever they mean, and the strings are parts of that text. The engine copies a part of up to 12 characters. A
 * longer part keeps the whole text alive, which is why the text is short: somebody may keep one string of each of a million records.
 */

/** The most bytes of the text. */
const WIDTH = 256
/** Longer strings are read by themselves. */
export const LONGEST_PART = 64
/** The engine copies parts of up to this length. */
const COPIED = 12
/** So near strings follow each other in a record. After a larger gap, most of the text would be something else. */
const NEAR = 32

/** The bytes of a message around its short strings, as text. */
export class TextWindow {
  #text = ''
  #from = 0
  /** The end of the string that was read last. */
  #end = 0

  /** Forgets the text, because the memory is about to hold another message. */
  close(): void {
    this.#text = ''
    this.#end = 0
  }

  /**
   * The string of `length` characters at `start`, one byte each, at most `LONGEST_PART`.
   * @param end The end of the message.
   */
  read(buffer: Buffer, start: number, length: number, end: number): string {
    const at = start - this.#from
    if (length > COPIED || at < 0 || at + length > this.#text.length) return this.#readOther(buffer, start, length, end)
    this.#end = start + length
    return this.#text.substring(at, at + length)
  }

  /** Reads a longer string, or one that is not in the text. */
  #readOther(buffer: Buffer, start: number, length: number, end: number): string {
    const gap = start - this.#end
    this.#end = start + length
    // A part of these lengths would keep the text alive, and takes hardly less time.
    if (length > COPIED && length <= SHORT_TEXT) return shortText(buffer, start, length)
    const at = start - this.#from
    if (at >= 0 && at + length <= this.#text.length) return this.#text.substring(at, at + length)
    if (gap >= 0 && gap <= NEAR) {
      this.#from = start
      this.#text = buffer.toString('latin1', start, Math.min(start + WIDTH, end))
      return this.#text.substring(0, length)
    }
    return length <= SHORT_TEXT ? shortText(buffer, start, length) : buffer.toString('latin1', start, start + length)
  }
}
