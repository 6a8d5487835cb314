// @ts-check
// Counts long words of real files on a pool. The function that goes to the workers is an arrow function with a variable
// of this file, a function of this file, and one that another file exports.
//
//   node examples/closure/main.mjs [directory]
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WorkerPool } from 'millrace'
import { countWords } from './words.mjs'

const directory = process.argv[2] ?? fileURLToPath(new URL('../../docs', import.meta.url))
const files = readdirSync(directory, { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(directory, entry.name))

const factor = 3
/** @param {number} count */
const weigh = (count) => count * factor

const pool = new WorkerPool()
try {
  const counts = await pool.map((path) => weigh(countWords(path, factor)), files)
  const here = files.map((path) => weigh(countWords(path, factor)))
  files.forEach((path, at) => console.log(`${basename(path).padEnd(32)} ${counts[at]}`))
  if (counts.some((count, at) => count !== here[at])) throw new Error('the workers counted something else')
  console.log(`${files.length} files, counted by ${pool.workers.length} workers, the same as here`)
} finally {
  await pool.stopAndJoin()
}
