// @ts-check
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** @param {string} path */
export async function hashFile(path) {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
