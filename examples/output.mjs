// @ts-check
// Takes what workers print into a log of its own, line by line and complete.
//
//   node examples/output.mjs
import { createInterface } from 'node:readline'
import { WorkerPool } from 'millrace'

const pool = new WorkerPool({ nJobs: 2, stdio: 'pipe' })

/** @param {import('node:stream').Readable | null} stream @param {string} name */
async function log(stream, name) {
  if (stream === null) return
  for await (const line of createInterface({ input: stream })) console.log(`[${name}] ${line}`)
}

const logs = Promise.all([log(pool.stdout, 'out'), log(pool.stderr, 'err')])
try {
  await pool.map(
    (/** @type {number} */ n) => {
      console.log(`task ${n}`)
      if (n === 2) console.error('task 2 is odd: it is even')
    },
    [1, 2, 3]
  )
} finally {
  await pool.stopAndJoin()
}
// The streams end when the pool has closed.
await logs
