// @ts-check
// Names the functions of a module instead of importing them. The parent never loads the module; workers do, once each.
//
//   node examples/references/main.mjs
import { fileURLToPath } from 'node:url'
import { task, tasks, WorkerPool } from 'millrace'

const jobs = new URL('./jobs.mjs', import.meta.url)
const { occurrences } = /** @type {import('millrace').TaskReferences<typeof import('./jobs.mjs')>} */ (tasks(jobs))
const filesRead = /** @type {import('millrace').TaskReference<() => number>} */ (task(jobs, 'filesRead'))

const readme = fileURLToPath(new URL('../../README.md', import.meta.url))
const words = ['worker', 'thread', 'crash']

const pool = new WorkerPool({ nJobs: 1 })
try {
  const counts = await pool.map(
    occurrences,
    words.map((word) => [readme, word]),
    { spread: true }
  )
  words.forEach((word, at) => console.log(`${word}: ${counts[at]}`))
  console.log(`files read: ${await pool.apply(filesRead)}`)
} finally {
  await pool.stopAndJoin()
}
