// Workers with a life in the soak: what the pool of a round gets, and what must come of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sharedArray, tasks } from '../../dist/index.js'
import { isFilled } from './jobs.mjs'

const jobs = tasks(new URL('life-jobs.mjs', import.meta.url))
/** Longer than anything takes here: no worker may be killed for an init or an exit. */
const LIFE_MS = 60_000
const MAX_BYTES = 200_000

/** The life of the workers of one pool. */
export class Life {
  #log
  #bytes
  /** @type {Int32Array | undefined} every execution adds 1 to its first element */
  #table
  /** What the items of this pool say that a worker has. */
  promised
  /** Of the pool. */
  options

  /** @param {import('./random.mjs').Random} random @param {string} folder @param {boolean} isUsed false for a pool without any of it */
  constructor(random, folder, isUsed) {
    const hasInit = isUsed && random.oneIn(2)
    const hasExit = isUsed && random.oneIn(2)
    const salt = isUsed && random.oneIn(2) ? random.between(1, 1e6) : undefined
    const plan = { log: join(folder, 'lives'), initMs: random.pick([0, 0, 5, 30]), exitMs: random.pick([0, 0, 5, 30]) }
    writeFileSync(plan.log, '')
    this.#log = plan.log
    this.#bytes = random.oneIn(4) ? random.between(0, MAX_BYTES) : random.between(0, 100)
    if (salt !== undefined) this.#table = sharedArray(Int32Array, 4)
    this.isUsed = isUsed
    this.promised = { isReady: hasInit, salt }
    this.options = {
      env: { ...process.env, MILLRACE_SOAK: JSON.stringify({ ...plan, bytes: this.#bytes }) },
      workerInitTimeout: LIFE_MS,
      workerExitTimeout: LIFE_MS,
      ...(hasInit ? { workerInit: jobs.init } : {}),
      ...(hasExit ? { workerExit: jobs.exit } : {}),
      ...(salt === undefined ? {} : { sharedObjects: { salt, table: this.#table } }),
      ...(isUsed && random.oneIn(4) ? { keepAlive: false } : {})
    }
  }

  /**
   * What is wrong with the inits, the exits and the shared table of a pool that has ended.
   *
   * @param {import('../../dist/index.js').WorkerPool} pool
   * @param {readonly { pid: number, tasks: number, isLost: boolean, mayBeLost: boolean }[]} workers that have begun a task
   */
  judge(pool, workers) {
    const { workerInit, workerExit } = this.options
    const wrong = []
    const lines = readFileSync(this.#log, 'utf8').split('\n').slice(0, -1)
    const twice = lines.filter((line, at) => lines.indexOf(line) !== at)
    if (twice.length > 0) wrong.push(`ran twice in one worker: ${twice}`)
    for (const { pid } of workers) {
      if (workerInit !== undefined && !lines.includes(`init ${pid}`)) wrong.push(`worker ${pid} ran tasks without init`)
    }
    if (workerExit === undefined && pool.getExitResults().length > 0) wrong.push('exit results without an exit')
    else if (workerExit !== undefined) wrong.push(...this.#wrongExits(pool.getExitResults(), workers))
    if (this.#table !== undefined) {
      const begun = workers.reduce((sum, { tasks: count }) => sum + count, 0)
      const least = begun - workers.filter(({ isLost }) => isLost).length
      const [count] = this.#table
      if (count < least || count > begun) wrong.push(`${begun} tasks began, and the shared table has ${count}`)
    }
    return { wrong, inits: lines.filter((line) => line.startsWith('init')).length, exits: pool.getExitResults().length }
  }

  #wrongExits(results, workers) {
    const wrong = []
    const known = new Map(workers.map((worker) => [worker.pid, worker]))
    for (const { pid, count, bytes } of results) {
      const { tasks: begun } = known.get(pid) ?? { tasks: 0 }
      if (count !== begun) wrong.push(`worker ${pid} ran ${begun} tasks and its exit says ${count}`)
      if (!isFilled(bytes, this.#bytes, pid % 256)) wrong.push(`the bytes of the exit of worker ${pid} are wrong`)
    }
    const pids = results.map(({ pid }) => pid)
    if (new Set(pids).size < pids.length) wrong.push(`an exit gave two results: ${pids}`)
    for (const { pid, mayBeLost } of workers) {
      if (!mayBeLost && !pids.includes(pid)) wrong.push(`worker ${pid} left, and its exit gave nothing`)
    }
    return wrong
  }

  release() {
    this.#table?.release()
  }
}

/** Whether an init or an exit failed because its worker was killed. */
export function isLifeLost(error, wasKilled) {
  const isLife = error?.code === 'ERR_POOL_WORKER_INIT' || error?.code === 'ERR_POOL_WORKER_EXIT'
  return isLife && error.timeout === null && error.cause === undefined && wasKilled(error.pid)
}
