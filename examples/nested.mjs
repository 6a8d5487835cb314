// @ts-check
// Pools inside tasks. One worker per directory; each of them counts the lines of its files on a pool of its own.
//
//   node examples/nested.mjs
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { WorkerPool } from 'millrace'

const root = fileURLToPath(new URL('..', import.meta.url))
const directories = ['docs', 'scripts', 'examples']

/** @param {string} directory */
async function countIn(directory) {
  const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile())
  const inner = new WorkerPool({ nJobs: 2 })
  try {
    const counts = await inner.map(
      (/** @type {string} */ path) => readFileSync(path, 'utf8').split('\n').length - 1,
      files.map(({ name }) => `${directory}/${name}`)
    )
    return counts.reduce((sum, count) => sum + count, 0)
  } finally {
    await inner.stopAndJoin()
  }
}

// Without `daemon: false` the pool in the task rejects.
const outer = new WorkerPool({ nJobs: 2, daemon: false })
try {
  const totals = await outer.map(
    countIn,
    directories.map((name) => `${root}${name}`)
  )
  directories.forEach((name, at) => console.log(`${name}: ${totals[at]} lines`))
} finally {
  await outer.stopAndJoin()
}
