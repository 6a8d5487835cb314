// What progress costs: one map of short tasks without progress, with onProgress, and with a bar in a terminal, in turns.
//   node bench/progress.mjs [--task 10] [--count 100000] [--rounds 11] [<folder of a build>]
import { writeSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { median, numbers } from './timing.mjs'

const WARM_ROUNDS = 2
const CALIBRATION = 20_000
const TRIALS = 4
const { values, positionals } = parseArgs({
  options: {
    task: { type: 'string', default: '10' },
    count: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '11' }
  },
  allowPositionals: true
})
const [taskMicros, count, rounds] = [values.task, values.count, values.rounds].map(Number)
const root = positionals[0] ?? fileURLToPath(new URL('..', import.meta.url))
const { tasks, WorkerPool } = await import(pathToFileURL(`${root}/dist/index.js`).href)
const { burn, usageOf } = tasks(new URL('tasks.mjs', import.meta.url))

/** The standard error output counts as a terminal, and swallows what bars draw. */
let drawn = 0
Object.assign(process.stderr, { isTTY: true, columns: 100, rows: 30 })
process.stderr.write = (text, done) => {
  drawn += text.length
  if (typeof done === 'function') setImmediate(done)
  return true
}
process.env.CI = 'false'
process.env.TERM = 'xterm'

let reports = 0
const ways = {
  'without progress': {},
  onProgress: { onProgress: () => (reports += 1) },
  progressBar: { progressBar: true }
}
const pool = new WorkerPool({ nJobs: 2 })
await pool.warm(burn, usageOf)

/** CPU time of both workers, in microseconds. */
async function workersCpu() {
  const found = new Map()
  while (found.size < 2) {
    for (const { pid, usage } of await pool.map(usageOf, Array(8).fill(0), { chunkSize: 1 })) {
      found.set(pid, usage[0] + usage[1])
    }
  }
  return [...found.values()].reduce((a, b) => a + b)
}

/** How many rounds of the loop take so many microseconds in a worker, where it is as fast as in a map. */
async function iterationsFor(micros) {
  let iterations = 1000 * micros
  for (let trial = 0; trial < TRIALS; trial++) {
    const before = await workersCpu()
    await pool.map(burn, Array(CALIBRATION).fill(Math.round(iterations)))
    iterations *= (micros * CALIBRATION) / ((await workersCpu()) - before)
  }
  return Math.max(Math.round(iterations), 1)
}

const items = numbers(count).fill(await iterationsFor(taskMicros))
const measured = Object.fromEntries(Object.keys(ways).map((way) => [way, []]))
for (let round = -WARM_ROUNDS; round < rounds; round++) {
  const order = Object.keys(ways)
  for (let turn = 0; turn < order.length; turn++) {
    const way = order[(turn + Math.abs(round)) % order.length]
    const before = await workersCpu()
    const start = performance.now()
    const parent = process.cpuUsage()
    await pool.map(burn, items, ways[way])
    const { user, system } = process.cpuUsage(parent)
    const wall = (performance.now() - start) * 1000
    const workers = (await workersCpu()) - before
    if (round >= 0) measured[way].push({ wall, parent: user + system, workers, both: user + system + workers })
  }
}
await pool.stopAndJoin()

const print = (text) => writeSync(1, `${text}\n`)
const of = (way, column) => median(measured[way].map((row) => row[column])) / count
/** The median of the ratios of each round to the same round without progress. */
const ratio = (way, column) =>
  median(measured[way].map((row, at) => row[column] / measured['without progress'][at][column]))
print(
  `${count} tasks of ${taskMicros} µs, two workers, ${rounds} rounds; ${reports} reports, ${drawn} characters drawn`
)
print('µs per task          wall   CPU  parent workers   ratio: wall    CPU')
for (const way of Object.keys(ways)) {
  const figures = ['wall', 'both', 'parent', 'workers'].map((column) => of(way, column).toFixed(2).padStart(6))
  const ratios = ['wall', 'both'].map((column) => ratio(way, column).toFixed(3))
  print(`${way.padEnd(18)} ${figures.join(' ')}          ${ratios.join('  ')}`)
}
