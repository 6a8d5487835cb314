// @ts-check
// Stops work that is no longer wanted. Hashes the README over and over until the time is up, then uses the pool again.
//
//   node examples/abort.mjs [milliseconds]
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { WorkerPool } from 'millrace'

const milliseconds = Number(process.argv[2] ?? 300)
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

/** Looks for a number whose hash begins with ten zeros, which takes years. @param {number} from */
function search(from) {
  for (let n = from; ; n += 2) {
    const hash = createHash('sha256').update(`${readme}${n}`).digest('hex')
    if (hash.startsWith('0000000000')) return n
  }
}

const pool = new WorkerPool({ nJobs: 2 })
try {
  // Both tasks are busy loops: nothing in them looks at a signal. Their workers are killed.
  await pool.map(search, [0, 1], { signal: AbortSignal.timeout(milliseconds) }).catch((reason) => {
    console.log(`stopped: ${reason.name}`)
  })
  const lengths = await pool.map((/** @type {string} */ text) => text.length, [readme])
  console.log(`the pool goes on: ${lengths[0] === readme.length}`)
} finally {
  await pool.stopAndJoin()
}
