import { Array, fromCharCode } from '../primordials.js'
import { WIDE, writeString } from './encode-primitives.js'
import { LATIN1 } from './tags.js'
import type { Writer } from './writer.js'

/*
 * To write one string takes a call into the engine, and another one if its characters have to be looked at or put together first. Strings
 * that follow each other are added up instead, each with its tag and its length as characters in front, and written by one call. What
 * is written is the same.
 */

/** Shorter strings do not begin a run: a loop over their characters is as fast. */
const BEGINS = 40
/** Longer strings are written by themselves. Their lengths take at most two bytes. */
const LONGEST = 2000
/** A run ends at so many characters, so that adding up stays cheap. */
const MOST = 16 * 1024
/** The most bytes of a tag and a length. */
const HEADER = 3

const headers = Array.from({ length: 128 }, (_, length) => fromCharCode(LATIN1, length))

function headerOf(length: number): string {
  return headers[length] ?? fromCharCode(LATIN1, (length & 127) | 128, length >> 7)
}

/** Strings that are written together. There is room for them, so writing them does not fail. */
export class TextRun {
  #text = ''
  #texts: string[] = []

  /** The number of characters that wait to be written. */
  get length(): number {
    return this.#text.length
  }

  /** Adds a string. False if it has to be written by itself. */
  add(writer: Writer, text: string): boolean {
    const { length } = text
    if (length > LONGEST || (this.#texts.length === 0 && length <= BEGINS)) return false
    try {
      // If a character needs two bytes, all strings may be written with two bytes for each.
      writer.reserve(2 * (this.#text.length + HEADER + length))
    } catch {
      writer.isOverfull = false
      return false
    }
    this.#text += headerOf(length) + text
    this.#texts.push(text)
    if (this.#text.length > MOST) this.end(writer)
    return true
  }

  /** Writes the strings, if there are any. */
  end(writer: Writer): void {
    if (this.#texts.length === 0) return
    const texts = this.#texts
    const text = this.#text
    this.#texts = []
    this.#text = ''
    if (!WIDE.test(text)) writer.latin1(text)
    else for (let at = 0; at < texts.length; at++) writeString(writer, texts[at] as string)
  }

  /** Forgets the strings, because what they belong to is given up. */
  clear(): void {
    this.#texts = []
    this.#text = ''
  }
}
