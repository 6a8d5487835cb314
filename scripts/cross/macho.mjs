// What can be said of a library for macOS without macOS: which libraries and symbols it needs, the oldest macOS, and its signature.
import { createHash } from 'node:crypto'

const LOAD = { symbols: 0x2, dylib: 0xc, signature: 0x1d, oldest: 0x32 }
/** Flags that mark a command which a loader has to know. */
const NAME = 0x7fffffff
/** `n_type`: what kind of symbol it is, and 0 for one that is not defined here. */
const TYPE = 0x0e
const DEBUG = 0xe0
/** The ordinal of symbols that are looked up in everything that is loaded; lower ones count the libraries from 1. */
const DYNAMIC = 254

/** Libraries that every macOS has. */
const MAIN = '/usr/lib/libSystem.B.dylib'
const SYSTEM = new Set([MAIN, '/usr/lib/libiconv.2.dylib', '/usr/lib/libcharset.1.dylib'])

/**
 * @typedef {object} Library
 * @property {string} minimum the oldest macOS
 * @property {string[]} libraries those that it needs
 * @property {string[]} dynamic what it takes of the program
 * @property {string[]} system what it takes of the system's main library
 * @property {boolean} isSigned
 * @property {number} badPages
 */

/**
 * @param {Buffer} file
 * @returns {Library}
 */
export function readLibrary(file) {
  if (file.readUInt32LE(0) !== 0xfeedfacf) throw new Error('it is no 64-bit library of macOS')
  const library = { minimum: '', libraries: [], dynamic: [], system: [], isSigned: false, badPages: 0 }
  let wanted = []
  const text = (at) => file.toString('utf8', at, file.indexOf(0, at))
  for (let left = file.readUInt32LE(16), at = 32; left > 0; left--, at += file.readUInt32LE(at + 4)) {
    const command = file.readUInt32LE(at) & NAME
    if (command === LOAD.dylib) library.libraries.push(text(at + file.readUInt32LE(at + 8)))
    if (command === LOAD.oldest) library.minimum = `${file.readUInt16LE(at + 14)}.${file.readUInt8(at + 13)}`
    if (command === LOAD.symbols) wanted = symbolsOfOthers(file, at, text)
    if (command === LOAD.signature) {
      library.isSigned = true
      library.badPages = badPages(file, file.readUInt32LE(at + 8))
    }
  }
  const of = (ordinal) => wanted.filter((symbol) => symbol.ordinal === ordinal).map(({ name }) => name)
  library.dynamic = of(DYNAMIC)
  library.system = of(library.libraries.indexOf(MAIN) + 1)
  return library
}

/** What is not defined in the library itself. */
function symbolsOfOthers(file, at, text) {
  const [symbols, count, strings] = [8, 12, 16].map((offset) => file.readUInt32LE(at + offset))
  const found = []
  for (let index = 0; index < count; index++) {
    const entry = symbols + 16 * index
    const type = file.readUInt8(entry + 4)
    const isUndefined = (type & DEBUG) === 0 && (type & TYPE) === 0
    const ordinal = file.readUInt16LE(entry + 6) >> 8
    if (isUndefined) found.push({ name: text(strings + file.readUInt32LE(entry)), ordinal })
  }
  return found
}

/** How many pages differ from their hashes in the signature at `start`, whose numbers have the other byte order. */
function badPages(file, start) {
  let bad = 0
  for (let index = 0; index < file.readUInt32BE(start + 8); index++) {
    const [kind, offset] = [12, 16].map((place) => file.readUInt32BE(start + 8 * index + place))
    if (kind !== 0) continue
    const directory = start + offset
    const hashes = directory + file.readUInt32BE(directory + 16)
    const limit = file.readUInt32BE(directory + 32)
    const hashBytes = file.readUInt8(directory + 36)
    const pageBytes = 2 ** file.readUInt8(directory + 39)
    for (let page = 0; page < file.readUInt32BE(directory + 28); page++) {
      const bytes = file.subarray(page * pageBytes, Math.min((page + 1) * pageBytes, limit))
      const hash = file.subarray(hashes + page * hashBytes, hashes + (page + 1) * hashBytes)
      if (!createHash('sha256').update(bytes).digest().equals(hash)) bad++
    }
  }
  return bad
}

/**
 * What is wrong with a library for macOS.
 * @param {Library} library
 * @param {string} cpu
 * @param {ReadonlySet<string>} [symbols] what the main library of the oldest macOS has, if that is known
 * @returns {string[]}
 */
export function problemsOf({ minimum, libraries, dynamic, system, isSigned, badPages: bad }, cpu, symbols) {
  const newer = symbols === undefined ? [] : system.filter((name) => !symbols.has(name))
  const others = libraries.filter((name) => !SYSTEM.has(name))
  // What the program has is looked up at run time by name, so that the library loads without libuv as well.
  const unknown = dynamic.filter((name) => !name.startsWith('_napi_'))
  return [
    ...(minimum === '11.0' ? [] : [`it needs macOS ${minimum}, not 11.0`]),
    ...(others.length === 0 ? [] : [`it needs ${others.join(' and ')}`]),
    ...(newer.length === 0 ? [] : [`macOS 11 does not have ${newer.join(', ')}`]),
    ...(unknown.length === 0 ? [] : [`it wants ${unknown.join(', ')} of the program`]),
    // Only arm64 refuses what is not signed.
    ...(cpu === 'x64' || isSigned ? [] : ['it has no signature']),
    ...(bad === 0 ? [] : [`${bad} pages differ from their hashes in the signature`])
  ]
}
