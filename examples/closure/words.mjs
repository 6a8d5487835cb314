import { readFileSync } from 'node:fs'

/** How many words the file has, of `length` letters or more. @param {string} path @param {number} length */
export function countWords(path, length) {
  const words = readFileSync(path, 'utf8').match(/\p{L}+/gu) ?? []
  return words.filter((word) => word.length >= length).length
}
