// Rounds of random work under a killer, each with a pool of its own; a model checks every outcome.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { WorkerPool } from '../../dist/index.js'
import { descriptorKinds, holdings, holds, processes } from '../matrix/watch.mjs'
import { carryOut } from './caller.mjs'
import { Killer } from './killer.mjs'
import { Ledger } from './ledger.mjs'
import { isLifeLost, Life } from './life.mjs'
import { nextPlan, nextPoolOptions } from './plan.mjs'
import { Random } from './random.mjs'
import { Recycler } from './recycler.mjs'
import { Resizer } from './resizer.mjs'

const CALLERS = 8
const GONE_MS = 10_000
const CLOSE_MS = 60_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

/** @typedef {{ heap: number, rss: number, descriptors: number, threads: number, memory: number }} Held bytes and counts */

/** What this process holds when it has let go of all it can. @returns {Promise<Held>} */
async function held() {
  // What the first collection finds is let go of a little later.
  for (let time = 0; time < 3; time++) {
    collect()
    await sleep(10)
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss, ...holdings() }
}

/** Reads a stream to its end, now and then slowly. @returns {Promise<string>} */
async function read(stream, random) {
  let text = ''
  for await (const piece of stream) {
    text += piece
    if (random.oneIn(20)) await sleep(random.between(1, 40))
  }
  return text
}

/** The random work of one caller, until the round is over. */
async function work(round, random, firstCall, fail) {
  for (let number = 0; !round.isOver(); number++) {
    const plan = nextPlan(random, firstCall + number, round.log, round.life.promised)
    round.calls++
    for (const problem of await carryOut(round, plan)) fail(`${plan.method} ${plan.call}: ${problem}`)
  }
}

/** One pool's life. */
async function runRound(seed, number, ms, fail, counts, hasLife) {
  const random = new Random(seed, number)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-soak-'))
  const log = join(folder, 'executions')
  writeFileSync(log, '')
  const workers = random.between(2, 5)
  const life = new Life(new Random(seed, number, 5), folder, hasLife)
  const options = { ...nextPoolOptions(random), ...life.options }
  const pool = new WorkerPool({ nJobs: workers, execArgv: [], ...options })
  const ledger = new Ledger(options, (pid) => killer.wasKilled(pid))
  pool.on('workerExit', ({ pid }, how) => ledger.exited(pid, how))
  pool.on('error', (error) => {
    if (error.code === 'ERR_POOL_WORKER_EXIT' && !isLifeLost(error, round.wasKilled)) fail(String(error.stack))
  })
  const output = pool.stdout === null ? undefined : read(pool.stdout, new Random(seed, number, 4))
  pool.stderr?.resume()
  const recycler = random.oneIn(2) ? new Recycler(pool, new Random(seed, number, 3), ledger, fail) : undefined
  const sizes = new Random(seed, number, 6)
  const resizer = new Resizer(pool, workers, sizes, sizes.oneIn(2), ledger, fail)
  const killer = new Killer(pool, new Random(seed, number, 1), counts.faults)
  const endsByForce = random.oneIn(3)
  let isTerminated = false
  const end = performance.now() + ms
  const round = {
    pool,
    resizer,
    maxQueue: options.maxQueue,
    ledger,
    life,
    log,
    calls: 0,
    fulfilled: 0,
    counts: counts.outcomes,
    wasKilled: (pid) => killer.wasKilled(pid),
    isOver: () => performance.now() > end,
    isTerminated: () => isTerminated
  }
  const callers = Array.from({ length: CALLERS }, (_, caller) =>
    work(round, new Random(seed, number, 2, caller), caller * 1e6, fail)
  )
  const look = setInterval(() => {
    const { submitted, completed, failed, cancelled, running, queued } = pool.stats
    if (
      submitted !== completed + failed + cancelled + running + queued ||
      running > resizer.most ||
      running < 0 ||
      queued < 0
    )
      fail(`the counts do not add up: ${JSON.stringify(pool.stats)}`)
  }, 20)
  while (!round.isOver()) await sleep(Math.min(ms, 50))
  clearInterval(look)
  if (endsByForce) {
    isTerminated = true
    ledger.closing(true)
    await ended(pool.terminate(), 'terminate', fail)
  }
  await Promise.all(callers)
  // Until here workers died; what is left has to do as if nothing had been.
  await killer.end()
  await recycler?.end()
  await resizer.end()
  if (!endsByForce) ledger.closing(false)
  const joined = () =>
    pool.stopAndJoin().catch((error) => {
      if (!isLifeLost(error, round.wasKilled)) fail(`stopAndJoin rejected with ${error?.stack ?? error}`)
    })
  if (!endsByForce) await ended(joined(), 'stopAndJoin', fail)
  const { submitted, completed, failed, cancelled, running, queued } = pool.stats
  if (running !== 0 || queued !== 0 || submitted !== completed + failed + cancelled || completed < round.fulfilled)
    fail(`the counts at the end: ${JSON.stringify(pool.stats)}, and ${round.fulfilled} results came`)
  const left = () => processes().filter(({ pid, group }) => ledger.hasExited(pid) || ledger.hasExited(group))
  if (!(await holds(() => left().length === 0, GONE_MS))) fail(`left behind: ${left().map(({ pid }) => pid)}`)
  await ended(Promise.resolve(output), 'stdout', fail)
  const { executions, tasks, heard, workers: used, wrong } = ledger.judge(log, await output)
  const lives = life.judge(pool, used)
  wrong.push(...lives.wrong)
  life.release()
  if (tasks > submitted) fail(`${tasks} tasks ran, ${submitted} were submitted`)
  for (const problem of wrong) fail(problem)
  rmSync(folder, { recursive: true, force: true })
  counts.calls += round.calls
  counts.executions += executions
  counts.reruns += executions - tasks
  counts.heard += heard
  counts.recycles += recycler?.count ?? 0
  counts.resizes += resizer.count
  counts.results += round.fulfilled
  counts.inits += lives.inits
  counts.exits += lives.exits
}

async function ended(promise, what, fail) {
  let timer
  const watchdog = new Promise((resolve) => {
    timer = setTimeout(() => resolve(fail(`${what} hangs`)), CLOSE_MS)
  })
  await Promise.race([promise, watchdog])
  clearTimeout(timer)
}

/**
 * Runs rounds until the time is over.
 *
 * @param {object} options
 * @param {number} options.seconds
 * @param {number} options.seed
 * @param {number} [options.first] the number of the first round
 * @param {number} [options.roundSeconds]
 * @param {boolean} [options.hasLife] whether workers have inits and exits, and calls share arrays
 * @param {(line: string) => void} [options.tell]
 */
export async function soak({ seconds, seed, first = 0, roundSeconds = 10, hasLife = true, tell = () => undefined }) {
  const counts = {
    rounds: 0,
    calls: 0,
    executions: 0,
    reruns: 0,
    heard: 0,
    recycles: 0,
    resizes: 0,
    results: 0,
    inits: 0,
    exits: 0,
    outcomes: {},
    faults: {}
  }
  const wrong = []
  /** @type {Held[]} */
  const heldAfter = []
  let kinds = {}
  const end = performance.now() + seconds * 1000
  while (performance.now() < end && wrong.length < 20) {
    const ms = Math.min(roundSeconds * 1000, Math.max(end - performance.now(), 500))
    const number = first + counts.rounds++
    const fail = (problem) => {
      wrong.push(`round ${number}: ${problem}`)
      tell(`WRONG, seed ${seed}, round ${number}: ${problem}`)
    }
    await runRound(seed, number, ms, fail, counts, hasLife)
    const base = heldAfter[0]
    if (base !== undefined) {
      const more = () => ['descriptors', 'threads', 'memory'].filter((what) => holdings()[what] > base[what])
      // Shared arrays of results that nobody took go with the collection of garbage.
      await held()
      if (!(await holds(() => more().length === 0, GONE_MS)))
        fail(`more ${more()} than after the first round: ${JSON.stringify([kinds, descriptorKinds()])}`)
    }
    if (base === undefined) kinds = descriptorKinds()
    const after = await held()
    heldAfter.push(after)
    const { heap, rss, descriptors } = after
    const mb = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`
    tell(
      `round ${number}: ${counts.calls} calls, ${counts.executions} tasks, heap ${mb(heap)}, rss ${mb(rss)}, ${descriptors} descriptors`
    )
  }
  return { seed, wrong, counts, heldAfter }
}
