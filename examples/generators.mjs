// @ts-check
// Two sources share one pool: async generators that walk directories. Neither is read further than its results are used.
//
//   node examples/generators.mjs
import { readFileSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { WorkerPool } from 'millrace'

/** @param {string} directory @returns {AsyncGenerator<string>} the files below it */
async function* walk(directory) {
  for await (const entry of await opendir(directory)) {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) yield* walk(path)
    else if (entry.isFile()) yield path
  }
}

/** @param {string} path */
const countLines = (path) => readFileSync(path, 'utf8').split('\n').length - 1

const pool = new WorkerPool({ nJobs: 2 })

/** @param {string} name */
async function total(name) {
  const directory = fileURLToPath(new URL(`../${name}`, import.meta.url))
  let files = 0
  let lines = 0
  for await (const count of pool.imapUnordered(countLines, walk(directory), { maxTasksActive: 32 })) {
    files += 1
    lines += count
  }
  return `${name}: ${files} files, ${lines} lines`
}

try {
  // The two calls take turns on the workers.
  const totals = await Promise.all(['src-ts', 'docs'].map(total))
  console.log(totals.join('\n'))
} finally {
  await pool.stopAndJoin()
}
