// Runs the cells that come as lines of JSON, one after the other; answers each with a line.
import { createInterface } from 'node:readline'
import { WorkerPool } from '../../dist/index.js'
import { runCell } from './cells.mjs'
import { runParentCell } from './parents.mjs'

// What the first pool of a process opens for good is nobody's leftover.
const pool = new WorkerPool({ nJobs: 1, execArgv: [] })
await pool.apply(Math.abs, [1])
await pool.stopAndJoin()

for await (const line of createInterface({ input: process.stdin })) {
  const cell = JSON.parse(line)
  const start = performance.now()
  const outcome = await (cell.way === undefined ? runCell(cell) : runParentCell(cell))
  console.log(JSON.stringify({ ...outcome, ms: Math.round(performance.now() - start) }))
}
