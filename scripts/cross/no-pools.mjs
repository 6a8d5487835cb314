// A build for a system that has no pools: the package loads, and the first call rejects with one sentence.
import { WorkerPool, WorkerStartError } from '../../dist/index.js'

const pool = new WorkerPool({ nJobs: 1 })
const error = await pool.apply((x) => x + 1, [1]).catch((reason) => reason)
await pool.stopAndJoin()
if (
  !(error instanceof WorkerStartError) ||
  !/^workers cannot start: .*millrace runs on Linux, macOS and Windows/.test(error.message)
) {
  console.error('the first call did not reject as it should:', error)
  process.exitCode = 1
} else {
  console.log(`${error.name}: ${error.message}`)
}
