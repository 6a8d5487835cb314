// @ts-check
// Hashes and compresses real files, first one after the other in this process, then on a pool of workers with one CPU
// each, and compares: same results, less time.
//
//   node examples/compress/main.mjs [directory] [--jobs <n>] [--no-pin]
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { availableCpus, cpuCount, task, WorkerPool } from 'millrace'
import { pickFiles, warmUp } from './files.mjs'
import compress from './job.mjs'
import { progress, table } from './report.mjs'

/** @typedef {import('./job.mjs').Digest} Digest */
/** @typedef {{ digests: Digest[], seconds: number }} Run */

/** As many workers as the files keep busy: more would only be started and stopped. */
const mostWorkers = 16

/** @param {readonly string[]} files @returns {Run} */
function runSerially(files) {
  const { step, end } = progress('serial', files.length)
  const start = performance.now()
  const digests = files.map((path) => {
    const digest = compress(path)
    step()
    return digest
  })
  const seconds = (performance.now() - start) / 1000
  end()
  return { digests, seconds }
}

/** @param {readonly string[]} files @param {WorkerPool} pool @returns {Promise<Run>} */
async function runPooled(files, pool) {
  const job = /** @type {import('millrace').TaskReference<typeof compress>} */ (
    task(new URL('./job.mjs', import.meta.url))
  )
  const { step, end } = progress('pool  ', files.length)
  const digests = []
  const start = performance.now()
  for await (const digest of pool.imap(job, files)) {
    digests.push(digest)
    step()
  }
  const seconds = (performance.now() - start) / 1000
  end()
  return { digests, seconds }
}

/** @param {readonly Digest[]} a @param {readonly Digest[]} b @returns {number} how many differ */
function countDifferences(a, b) {
  const longest = a.length > b.length ? a : b
  return longest.filter((_, i) => !isDeepStrictEqual(a[i], b[i])).length
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: { jobs: { type: 'string' }, pin: { type: 'boolean', default: true } }
})
const directory = positionals[0] ?? fileURLToPath(new URL('../../node_modules', import.meta.url))
const files = pickFiles(directory)
if (files.length === 0) throw new Error(`no files in ${directory}`)
warmUp(files)

const cpus = availableCpus()
const nJobs = values.jobs === undefined ? Math.min(cpus.length, mostWorkers) : Number(values.jobs)
const isPinned = values.pin && nJobs <= cpus.length
console.log(`${cpuCount()} CPUs, ${cpus.length} of them usable by this process; ${nJobs} workers`)

const serial = runSerially(files)
const pool = new WorkerPool({ nJobs, cpuIds: isPinned ? cpus.slice(0, nJobs) : null })
try {
  const pooled = await runPooled(files, pool)
  const workers = pool.workers.map(({ id, pid, cpus: applied, tasksDone }) => [
    id,
    pid,
    applied.length === 0 ? 'any' : applied.join(','),
    tasksDone
  ])
  const bytes = serial.digests.reduce((total, digest) => total + digest.bytes, 0)
  const compressedBytes = serial.digests.reduce((total, digest) => total + digest.compressedBytes, 0)
  const rows = [
    ['files', files.length],
    ['bytes', bytes],
    ['compressed bytes', compressedBytes],
    ['serial s', serial.seconds.toFixed(2)],
    ['pool s, start included', pooled.seconds.toFixed(2)],
    ['speed-up', `${(serial.seconds / pooled.seconds).toFixed(2)}x`]
  ]
  console.log(`\n${table(rows)}\n\n${table([['worker', 'pid', 'CPUs', 'tasks'], ...workers])}\n`)
  const differences = countDifferences(serial.digests, pooled.digests)
  console.log(differences === 0 ? 'the results are the same' : `${differences} results differ`)
  if (differences > 0) process.exitCode = 1
} finally {
  await pool.stopAndJoin()
}
