import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

function visit(root, name, hash) {
  const path = join(root, name)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) {
    hash.update(`missing ${name}\0`)
  } else if (stats.isDirectory()) {
    for (const entry of readdirSync(path).toSorted()) visit(root, join(name, entry), hash)
  } else {
    hash.update(`${name}\0${stats.size}\0`).update(readFileSync(path))
  }
}

/**
 * One hash over the names and contents of files and whole folders. Contents rather than times, so that a checkout or a
 * restored cache does not look like a change.
 *
 * @param {string} root absolute path the names are relative to
 * @param {readonly string[]} names files or folders; a missing one counts as such
 * @param {readonly string[]} [also] further strings the result depends on
 */
export function fingerprint(root, names, also = []) {
  const hash = createHash('sha256')
  for (const text of also) hash.update(`${text}\0`)
  for (const name of names) visit(root, name, hash)
  return hash.digest('hex')
}
