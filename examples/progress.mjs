// @ts-check
// Shows progress by counting: `imapUnordered` yields each result as soon as it is there.
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
  return { bytes: bytes.length, compressed: gzipSync(bytes).length }
}

const pool = new WorkerPool({ nJobs: 2 })
try {
  let done = 0
  let saved = 0
  let shown = 0
  for await (const { bytes, compressed } of pool.imapUnordered(compress, files)) {
    done += 1
    saved += bytes - compressed
    const percent = Math.floor((100 * done) / files.length)
    if (percent >= shown + 25 || done === files.length) {
      shown = percent
      console.log(`${percent} %`)
    }
  }
  console.log(`${done} files, ${saved > 0 ? 'smaller' : 'not smaller'}`)
} finally {
  await pool.stopAndJoin()
}
