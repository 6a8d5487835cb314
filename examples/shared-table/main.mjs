// @ts-check
// Looks up 1,000 entries of a large table in two workers: in memory that all processes share, in a copy for each worker, and in threads of
// piscina that share a SharedArrayBuffer. The time is that of a whole pool, from its start to its end; the table was there before.
//
//   node examples/shared-table/main.mjs [megabytes]
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { sharedArray, tasks, WorkerPool } from 'millrace'

const { lookUp } = /** @type {import('millrace').TaskReferences<typeof import('./worker.mjs')>} */ (
  tasks(new URL('worker.mjs', import.meta.url))
)
const workers = 2
const length = (Number(process.argv[2] ?? 500) * 1e6) / 8
const places = Array.from({ length: 1000 }, (_, number) => (number * 7919) % length)

/** @param {Float64Array} table */
function fill(table) {
  for (let at = 0; at < length; at++) table[at] = at / 2
  return table
}

/** @param {string} what @param {() => Promise<number[]>} run */
async function time(what, run) {
  const start = performance.now()
  const entries = await run()
  const seconds = (performance.now() - start) / 1000
  const isRight = entries.length === places.length && places.every((at, number) => entries[number] === at / 2)
  console.log(`${what}: ${seconds.toFixed(2)} s, ${isRight ? 'all entries are right' : 'WRONG'}`)
}

/** @param {Float64Array} table shared if it is made by `sharedArray`, copied otherwise; this is the only difference */
async function withMillrace(table) {
  const pool = new WorkerPool({ nJobs: workers, sharedObjects: { table } })
  const entries = await pool.map(lookUp, places, { passContext: true })
  await pool.stopAndJoin()
  return entries
}

const shared = sharedArray(Float64Array, length)
fill(shared)
await time('millrace, sharedArray', () => withMillrace(shared))
shared.release()

const threadTable = fill(new Float64Array(new SharedArrayBuffer(8 * length)))
await time('piscina, SharedArrayBuffer', async () => {
  const filename = fileURLToPath(new URL('thread.mjs', import.meta.url))
  const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers, workerData: threadTable })
  const entries = await Promise.all(places.map((at) => pool.run(at)))
  await pool.destroy()
  return entries
})

const table = fill(new Float64Array(length))
await time('millrace, a copy for each worker', () => withMillrace(table))
