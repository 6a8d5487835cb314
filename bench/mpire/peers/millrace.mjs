// A shared array, `sharedObjects`, `workerInit`, `workerExit` and state: what millrace has for this.
import { sharedArray, tasks, WorkerPool } from 'millrace'
import { merge, sampleOf } from '../benchmarks.mjs'

const worker = tasks(new URL('millrace-worker.mjs', import.meta.url))

export const allocate = (length) => sharedArray(Float64Array, length)

export async function image({ image: pixels, width, stride, filters }, nJobs) {
  const pool = new WorkerPool({ nJobs, passContext: true, sharedObjects: { pixels, width, stride } })
  const samples = []
  for await (const result of pool.imap(worker.convolveShared, filters)) samples.push(sampleOf(result))
  await pool.stopAndJoin()
  return samples
}

export async function prefixes(documents, nJobs) {
  const { initCounts, count, exitCounts } = worker
  const pool = new WorkerPool({ nJobs, passContext: true, workerInit: initCounts, workerExit: exitCounts })
  await pool.map(count, documents)
  await pool.stopAndJoin()
  return merge(pool.getExitResults())
}

export async function model({ steps, maps }, nJobs) {
  const pool = new WorkerPool({ nJobs, passContext: true, workerInit: worker.initModel, sharedObjects: { steps } })
  const classes = []
  for (const batches of maps) classes.push(await pool.map(worker.predictOne, batches))
  await pool.stopAndJoin()
  return classes
}
