// @ts-check
// Crash isolation. The files are read by a parser that crashes on one of them, as native code does. Only that file fails.
//
//   node examples/crash.mjs
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WorkerDiedError, WorkerPool } from 'millrace'

const docs = fileURLToPath(new URL('../docs', import.meta.url))
const files = readdirSync(docs)
  .filter((name) => name.endsWith('.md'))
  .map((name) => `${docs}/${name}`)

/** @param {string} path */
function parse(path) {
  // Stands for a fault in a native addon.
  if (path.endsWith('/values.md')) process.kill(process.pid, 'SIGSEGV')
  return readFileSync(path, 'utf8').split(/^#/m).length - 1
}

const pool = new WorkerPool({ nJobs: 2 })
try {
  const outcomes = await pool.mapSettled(parse, files)
  const good = outcomes.filter(({ status }) => status === 'fulfilled')
  outcomes.forEach((outcome, at) => {
    if (outcome.status === 'rejected' && outcome.reason instanceof WorkerDiedError) {
      console.log(`${basename(files[at] ?? '')}: ${outcome.reason.signal}, ${outcome.reason.code}`)
    }
  })
  console.log(`${files.length - good.length} of ${files.length} files failed`)
} finally {
  await pool.stopAndJoin()
}
