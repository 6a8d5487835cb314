// What insights cost: the same tasks on a pool with them and on one without, in turns. Compared is the CPU time of this process and of both
// workers, which other programs disturb less than the clock.
//
//   node bench/insights.mjs [the directory of another copy of the package, whose pool takes the place of the one with insights]
//   node bench/insights.mjs --trace: the same of a trace, which is written to nowhere
import { devNull } from 'node:os'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { WorkerPool } from 'millrace'
import { median } from './timing.mjs'

const [, , argument] = process.argv
const isTraced = argument === '--trace'
const other = isTraced ? undefined : argument
const WORKERS = 2
const ROUNDS = 15
const STEPS = 100_000

function work(steps) {
  let value = steps
  for (let step = 0; step < steps; step += 1) value = (value * 1103515245 + 12345) | 0
  return value
}

/** The steps that take 10 microseconds here. */
function calibrate() {
  let fastest = Infinity
  for (let round = 0; round < 50; round += 1) {
    const begun = performance.now()
    work(STEPS)
    fastest = Math.min(fastest, performance.now() - begun)
  }
  return Math.round((STEPS / fastest) * 0.01)
}

const usedHere = () => process.cpuUsage()

/** Milliseconds of CPU of this process and of the workers of a pool. */
async function cpuMs(pool) {
  const ids = Array.from({ length: WORKERS }, (_, id) => id)
  const used = await pool.map(usedHere, ids, { orderTasks: true, chunkSize: 1 })
  return [usedHere(), ...used].reduce((all, { user, system }) => all + (user + system) / 1000, 0)
}

const steps = calibrate()
const numbers = (count, value) => Array.from({ length: count }, () => value)
const empty = (x) => x
const rows = {
  '50,000 tasks of 10 us': (pool) => pool.map(work, numbers(50_000, steps)),
  '10,000 tasks of 10 us, chunkSize: 1': (pool) => pool.map(work, numbers(10_000, steps), { chunkSize: 1 }),
  '1,000,000 empty tasks': (pool) => pool.map(empty, numbers(1_000_000, 1)),
  '3,000 times apply of 10 us': async (pool) => {
    for (let call = 0; call < 3_000; call += 1) await pool.apply(work, [steps])
  }
}

const Second =
  other === undefined ? WorkerPool : (await import(pathToFileURL(resolve(other, 'dist/index.js')).href)).WorkerPool
const pools = [
  new WorkerPool({ nJobs: WORKERS }),
  new Second({ nJobs: WORKERS, ...(argument === undefined ? { enableInsights: true } : {}) })
]
if (isTraced) await pools[1].trace(devNull)
const [first, second] = other === undefined ? ['without', 'with'] : ['this copy', 'the other copy']

const table = {}
for (const [name, run] of Object.entries(rows)) {
  const samples = pools.map(() => ({ cpu: [], wall: [] }))
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [at, pool] of round % 2 === 0 ? pools.entries() : [...pools.entries()].toReversed()) {
      const [cpu, begun] = [await cpuMs(pool), performance.now()]
      await run(pool)
      const wall = performance.now() - begun
      if (round < 0) continue
      samples[at].cpu.push((await cpuMs(pool)) - cpu)
      samples[at].wall.push(wall)
    }
  }
  const ratio = (kind) => {
    const rounds = samples[1][kind].map((value, round) => value / samples[0][kind][round])
    return median(rounds).toFixed(3)
  }
  table[name] = {
    [`CPU ms, ${first}`]: median(samples[0].cpu).toFixed(0),
    [second]: median(samples[1].cpu).toFixed(0),
    ratio: ratio('cpu'),
    'ratio of the time': ratio('wall')
  }
}
for (const pool of pools) await pool.stopAndJoin()
console.table(table)
