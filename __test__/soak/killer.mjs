// Ends, stops and continues workers of a pool at random.
import { setTimeout as sleep } from 'node:timers/promises'

const SIGNALS = ['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGABRT', 'stop', 'stop']
/** A worker seems to end itself by these. */
const CRASHES = new Set(['SIGSEGV', 'SIGABRT'])

/** Whether it was there. */
function send(pid, signal) {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if (error.code === 'ESRCH') return false
    throw error
  }
}

export class Killer {
  #pool
  #random
  #counts
  #killed = new Set()
  #stopped = new Set()
  #isOver = false
  // Ten deaths in a row before a worker is ready fail all open work: that is promised, and not what is tested here.
  #mayKillStarting = true
  #work

  constructor(pool, random, counts) {
    this.#pool = pool
    this.#random = random
    this.#counts = counts
    pool.on('workerStart', () => (this.#mayKillStarting = true))
    this.#work = this.#run()
  }

  wasKilled(pid) {
    return this.#killed.has(pid)
  }

  async #run() {
    const random = this.#random
    while (!this.#isOver) {
      const pause = random.oneIn(5) ? random.between(0, 5) : random.between(50, 700)
      const signal = random.pick(SIGNALS)
      const which = random.next()
      const stopMs = random.between(5, 300)
      await sleep(pause)
      const workers = this.#pool.workers
      const worker = workers[Math.floor(which * workers.length)]
      // A pid that the pool still names is its own: it is not reaped before the pool has noticed.
      if (worker === undefined || this.#isOver) continue
      if (signal === 'stop') void this.#stop(worker.pid, stopMs)
      else this.#kill(worker, signal)
    }
  }

  #kill({ pid, state }, picked) {
    const isStarting = state === 'starting'
    if (isStarting) {
      if (!this.#mayKillStarting) return
      this.#mayKillStarting = false
    }
    // Three crashes while starting would fail all open work; a kill from outside says nothing about the set-up.
    const signal = isStarting && CRASHES.has(picked) ? 'SIGKILL' : picked
    this.#killed.add(pid)
    if (send(pid, signal)) this.#count(`${signal}, ${state}`)
  }

  async #stop(pid, ms) {
    if (!send(pid, 'SIGSTOP')) return
    this.#count('SIGSTOP')
    this.#stopped.add(pid)
    await sleep(ms)
    this.#continue(pid)
  }

  #continue(pid) {
    // Not when it is gone: its number may be somebody else's.
    if (this.#stopped.delete(pid) && this.#pool.workers.some((worker) => worker.pid === pid)) send(pid, 'SIGCONT')
  }

  #count(what) {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1
  }

  async end() {
    this.#isOver = true
    await this.#work
    for (const pid of this.#stopped) this.#continue(pid)
  }
}
