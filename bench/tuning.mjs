// What a user can tune, and what it is worth: sizes of chunks, numbers of jobs, pinning. Prints the tables of docs/tuning.md.
//
//   npm run bench:tuning -- [--only chunks,best,jobs,pinning] [--runs 5] [--write docs/tuning.md]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { cpuCount, tasks, WorkerPool } from 'millrace'
import { writeSection } from '../scripts/reliability.mjs'
import { open } from './peers/bare.mjs'
import { format, toMarkdown } from './table.mjs'
import { median, wallSeconds } from './timing.mjs'
import { SIZES, work } from './work.mjs'

const { values } = parseArgs({
  options: { only: { type: 'string' }, runs: { type: 'string', default: '5' }, write: { type: 'string' } }
})
const SCALE = 0.25
const { burn, rest } = tasks(new URL('tasks.mjs', import.meta.url))
const bare = open(1)
const perMicrosecond = (await bare.commands.calibrate()) / 1e6
await bare.close()

const compare = async (trials) => (await measure(trials)).map(format)

/** Milliseconds of each trial, the trials in turn within every round; the first round warms up. */
async function measure(trials) {
  const samples = trials.map(() => [])
  for (let round = -1; round < Number(values.runs); round += 1) {
    for (const [at, trial] of trials.entries()) {
      const seconds = await wallSeconds(trial)
      if (round >= 0) samples[at].push(seconds)
    }
  }
  return samples.map((all) => 1000 * median(all))
}

const busy = (count, microseconds) => Array(count).fill(Math.round(perMicrosecond * microseconds))

/** Even tasks of each length, in chunks of each size. */
async function chunks() {
  const sizes = [undefined, 1, 10, 100, 1000]
  const pool = new WorkerPool({ nJobs: 2 })
  const rows = []
  for (const [microseconds, count] of [
    [1, 100_000],
    [10, 20_000],
    [100, 5000],
    [1000, 500]
  ]) {
    const items = busy(count, microseconds)
    const trials = sizes.map((chunkSize) => () => pool.map(burn, items, chunkSize ? { chunkSize } : {}))
    rows.push([`${count} tasks of ${microseconds} µs`, ...(await compare(trials))])
  }
  await pool.stopAndJoin()
  return [['ms', ...sizes.map((size) => (size ? `chunkSize: ${size}` : 'untuned'))], ...rows]
}

/** Work for which no single size is right, without a size and with each fixed size. Long tasks are a quarter as long as their titles say. */
async function best() {
  const titles = {
    tiny: '1e6 empty tasks',
    huge: '8 tasks of 75 ms',
    tail: '20,000 tasks of 1 µs, then 8 of 50 ms',
    rare: '4,000 tasks, one in a thousand of 50 ms, the others of 1 µs',
    growing: '2,000 tasks of 0 to 0.2 ms, each longer than the one before'
  }
  const pool = new WorkerPool({ nJobs: 2 })
  const rows = []
  for (const [kind, title] of Object.entries(titles)) {
    const items = work[kind](1e6 * perMicrosecond, kind === 'tiny' ? 1 : SCALE)
    const trials = [0, ...SIZES].map((chunkSize) => () => pool.map(burn, items, chunkSize ? { chunkSize } : {}))
    const [untuned, ...fixed] = await measure(trials)
    const least = Math.min(...fixed)
    const ratio = untuned / least
    const ends = [SIZES[fixed.indexOf(least)], least, Math.max(...fixed)].map(format)
    rows.push([title, format(untuned), ...ends, ratio.toFixed(2)])
  }
  await pool.stopAndJoin()
  return [['ms', 'untuned', 'the best size', 'with it', 'with the worst size', 'untuned over best'], ...rows]
}

/** Tasks that compute, and tasks that wait, on pools of each size. */
async function jobs() {
  const sizes = [1, 2, 4, 16]
  const pools = sizes.map((nJobs) => new WorkerPool({ nJobs }))
  const computing = busy(400, 1000)
  const waiting = Array(400).fill(5)
  try {
    return [
      ['ms', ...sizes.map((nJobs) => `nJobs: ${nJobs}`)],
      ['400 tasks compute for 1 ms', ...(await compare(pools.map((pool) => () => pool.map(burn, computing))))],
      ['400 tasks wait for 5 ms', ...(await compare(pools.map((pool) => () => pool.map(rest, waiting))))]
    ]
  } finally {
    await Promise.all(pools.map((pool) => pool.stopAndJoin()))
  }
}

/** The same work on pools that differ in their CPUs, on a quiet machine and beside a process that keeps CPU 0 busy. */
async function pinning() {
  const pools = {
    'not pinned': new WorkerPool({ nJobs: 2 }),
    'one CPU each': new WorkerPool({ nJobs: 2, cpuIds: [0, 1] }),
    'both on CPU 1': new WorkerPool({ nJobs: 2, cpuIds: [[1], [1]] })
  }
  const items = busy(1000, 500)
  const trials = Object.values(pools).map((pool) => () => pool.map(burn, items))
  const neighbor = () => spawn('taskset', ['-c', '0', process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' })
  try {
    const quiet = await compare(trials)
    const busyLoop = neighbor()
    const besideLoop = await compare(trials)
    busyLoop.kill('SIGKILL')
    await once(busyLoop, 'exit')
    return [
      ['1000 tasks of 500 µs, ms', ...Object.keys(pools)],
      ['quiet machine', ...quiet],
      ['beside a busy loop on CPU 0', ...besideLoop]
    ]
  } finally {
    await Promise.all(Object.values(pools).map((pool) => pool.stopAndJoin()))
  }
}

const tables = { chunks, best, jobs, pinning }
const foot = `Median of ${values.runs} runs; Node ${process.versions.node}, ${cpuCount()} CPUs.`
const wanted = values.only?.split(',') ?? Object.keys(tables)
for (const key of wanted) {
  const text = `${toMarkdown(await tables[key]())}\n\n${foot}`
  console.log(`${text}\n`)
  if (values.write) await writeSection(key, text, values.write)
}
