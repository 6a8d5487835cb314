// @ts-check
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Caps that keep the example under a minute on two CPUs. */
const limits = { files: 2000, fileBytes: 1 << 20, totalBytes: 128 << 20 }

/**
 * @param {string} directory
 * @returns {Generator<string>} regular files; links are not followed
 */
function* walk(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    // Tools write to their cache while the example runs.
    if (entry.name === '.cache') continue
    if (entry.isDirectory()) yield* walk(path)
    else if (entry.isFile()) yield path
  }
}

/**
 * Picks real files to work on: the largest 2,000 of up to 1 MiB each, together at most 128 MiB.
 *
 * @param {string} directory
 * @returns {string[]} sorted by name
 */
export function pickFiles(directory) {
  const candidates = Array.from(walk(directory), (path) => ({ path, size: lstatSync(path).size }))
    .filter(({ size }) => size > 0 && size <= limits.fileBytes)
    .toSorted((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1))
  const files = []
  let totalBytes = 0
  for (const { path, size } of candidates.slice(0, limits.files)) {
    totalBytes += size
    if (totalBytes > limits.totalBytes) break
    files.push(path)
  }
  return files.toSorted()
}

/**
 * Reads every file once, so that the first of two runs does not pay for a cold disk.
 *
 * @param {readonly string[]} files
 */
export function warmUp(files) {
  for (const path of files) readFileSync(path)
}
