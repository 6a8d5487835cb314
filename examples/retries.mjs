// @ts-check
// Timeouts and retries. Each item is a file; work on one of them hangs at the first attempt, and on another one always.
//
//   node examples/retries.mjs
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TaskTimeoutError, WorkerPool } from 'millrace'

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'millrace-retries-'))

/** @param {string} name */
function countWords(name) {
  const note = join(scratch, name)
  const isFirst = !existsSync(note)
  writeFileSync(note, 'begun')
  // Stands for a lock that is never given back.
  if (name === 'LICENSE' || (name === 'README.md' && isFirst)) for (;;);
  return readFileSync(join(root, name), 'utf8').split(/\s+/).length
}

const files = ['README.md', 'SECURITY.md', 'LICENSE']
const pool = new WorkerPool({ nJobs: 2 })
try {
  const outcomes = await pool.mapSettled(countWords, files, { taskTimeout: 500, retries: 1 })
  outcomes.forEach((outcome, at) => {
    if (outcome.status === 'fulfilled') console.log(`${files[at]}: ${outcome.value > 100 ? 'counted' : 'too short'}`)
    else if (outcome.reason instanceof TaskTimeoutError) {
      console.log(`${files[at]}: ${outcome.reason.code} after ${(outcome.reason.attempts ?? []).length + 1} attempts`)
    } else throw outcome.reason
  })
} finally {
  await pool.stopAndJoin()
  rmSync(scratch, { recursive: true })
}
