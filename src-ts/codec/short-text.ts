import { fromCharCode } from '../primordials.js'

const make: (...codes: readonly (number | undefined)[]) => string = fromCharCode as never

/**
 * Up to this many characters, the engine makes a string of single codes in less time than a call into Node takes. It needs them as
 * arguments of one call: adding up single characters makes a string per character.
 */
export const SHORT_TEXT = 16

/** `length` characters, one byte each, at most `SHORT_TEXT`. */
export function shortText(b: Uint8Array, i: number, length: number): string {
  switch (length) {
    case 0:
      return ''
    case 1:
      return make(b[i])
    case 2:
      return make(b[i], b[i + 1])
    case 3:
      return make(b[i], b[i + 1], b[i + 2])
    case 4:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3])
    default:
      return length <= 8 ? upTo8(b, i, length) : upTo16(b, i, length)
  }
}

// prettier-ignore
function upTo8(b: Uint8Array, i: number, length: number): string {
  switch (length) {
    case 5:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4])
    case 6:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5])
    case 7:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6])
    default:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7])
  }
}

// prettier-ignore
function upTo16(b: Uint8Array, i: number, length: number): string {
  switch (length) {
    case 9:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8])
    case 10:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9])
    case 11:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10])
    case 12:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11])
    case 13:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12])
    case 14:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13])
    case 15:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13], b[i + 14])
    default:
      return make(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13], b[i + 14], b[i + 15])
  }
}
