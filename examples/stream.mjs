// @ts-check
// Sends the lines of a file through a pool into another file. A slow disk slows the workers, and slow workers slow the
// reading: the program holds at most 64 lines, whatever the size of the file.
//
//   node examples/stream.mjs [from] [to]
import { createReadStream, createWriteStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { WorkerPool } from 'millrace'

const from = process.argv[2] ?? fileURLToPath(new URL('../CHANGELOG.md', import.meta.url))
const to = process.argv[3] ?? join(tmpdir(), `millrace-stream-${process.pid}.txt`)

let read = 0
let written = 0
let most = 0

async function* lines() {
  for await (const line of createInterface({ input: createReadStream(from) })) {
    read += 1
    most = Math.max(most, read - written)
    yield line
  }
}

const pool = new WorkerPool({ nJobs: 2 })
try {
  // One more line is on its way from the pool to the file.
  const upper = pool.imap((/** @type {string} */ line) => `${line.toUpperCase()}\n`, lines(), { maxTasksActive: 63 })
  const counted = async function* () {
    for await (const line of upper) {
      written += 1
      yield line
    }
  }
  await pipeline(Readable.from(counted(), { highWaterMark: 1 }), createWriteStream(to))
  console.log(`${written} of ${read} lines written to ${to}`)
  console.log(`at most ${most} lines in flight`)
} finally {
  await pool.stopAndJoin()
}
