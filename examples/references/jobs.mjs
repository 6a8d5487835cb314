// @ts-check
// A worker imports this module once: what is at its top level exists once per worker.
import { readFileSync } from 'node:fs'

/** @type {Map<string, string>} */
const cache = new Map()

/** How often the word is in the file. @param {string} path @param {string} word */
export function occurrences(path, word) {
  let text = cache.get(path)
  if (text === undefined) cache.set(path, (text = readFileSync(path, 'utf8').toLowerCase()))
  return text.split(word).length - 1
}

/** How many files this worker has read. */
export const filesRead = () => cache.size
