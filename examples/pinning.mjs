// @ts-check
// Binds each worker to one CPU, and asks the system whether it has worked.
//
//   node examples/pinning.mjs
import { readFileSync } from 'node:fs'
import { availableCpus, cpuCount, WorkerPool } from 'millrace'

const cpus = availableCpus().slice(0, 4)
console.log(`${cpuCount()} CPUs; one worker on each of ${cpus.join(', ')}`)

/** The CPUs that the system lets this process use. */
const allowed = () => /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]

const pool = new WorkerPool({ nJobs: cpus.length, cpuIds: cpus })
try {
  // Chunk i goes to worker i mod nJobs.
  const told = await pool.map(
    () => allowed(),
    cpus.map(() => null),
    { chunkSize: 1, orderTasks: true }
  )
  cpus.forEach((cpu, worker) => console.log(`worker ${worker}: asked for ${cpu}, runs on ${told[worker]}`))
} finally {
  await pool.stopAndJoin()
}
