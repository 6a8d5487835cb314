// @ts-check
// Shows how far a map is: by a function that is told so. `progressBar: true` in its place draws a bar.
//
//   node examples/progress.mjs
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { WorkerPool } from 'millrace'

const directory = fileURLToPath(new URL('../src-ts/codec', import.meta.url))
const files = readdirSync(directory).map((name) => `${directory}/${name}`)

/** @param {string} path */
function compress(path) {
  const bytes = readFileSync(path)
  return bytes.length - gzipSync(bytes).length
}

const pool = new WorkerPool({ nJobs: 2 })
try {
  const saved = await pool.map(compress, files, {
    /**
     * Ten times a second, and once at the end. A terminal shows each report in the place of the last one.
     * @param {import('millrace').Progress} progress
     */
    onProgress({ done, total, failed }) {
      const text = `${done} of ${total} files, ${failed} failed`
      if (done === total) console.log(text)
      else if (process.stdout.isTTY) process.stdout.write(`${text}\r`)
    }
  })
  console.log(saved.reduce((sum, bytes) => sum + bytes, 0) > 0 ? 'smaller' : 'not smaller')
} finally {
  await pool.stopAndJoin()
}
