// Changes the number of workers of a pool at random, and looks whether those that are too many end.
import { setTimeout as sleep } from 'node:timers/promises'

import { watched } from './watched.mjs'

const MOST_WORKERS = 6

export class Resizer {
  #pool
  #random
  #ledger
  #fail
  #isOver = false
  #work
  /** The number of workers that new calls have. */
  workers
  /** The highest number so far. */
  most
  count = 0

  /** @param {number} workers of the pool @param {boolean} isUsed false if their number stays */
  constructor(pool, workers, random, isUsed, ledger, fail) {
    this.#pool = pool
    this.#random = random
    this.#ledger = ledger
    this.#fail = fail
    this.workers = workers
    this.most = workers
    this.#work = isUsed ? this.#run() : Promise.resolve()
  }

  async #run() {
    const isFrequent = this.#random.oneIn(2)
    while (!this.#isOver) {
      await sleep(isFrequent ? this.#random.between(0, 300) : this.#random.between(200, 900))
      if (this.#isOver || this.#pool.closed) break
      const first = this.#resize()
      // Resizes may overlap: the last one counts.
      const second = this.#random.oneIn(3) ? this.#resize() : undefined
      await Promise.all([first, second])
    }
  }

  async #resize() {
    const workers = this.#random.between(1, MOST_WORKERS)
    this.workers = workers
    this.most = Math.max(this.most, workers)
    this.count++
    this.#ledger.resized()
    const surplus = this.#pool.workers.flatMap(({ id, pid }) => (id < workers ? [] : [pid]))
    const number = this.count
    // Closing the pool resolves it too, and so may a later resize that has use for these workers.
    await watched(
      `resize to ${workers}`,
      () => this.#pool.resize(workers),
      () => (!this.#pool.closed && this.count === number ? surplus : []),
      (left) => `there are to be ${workers} workers, and ${left} have not ended`,
      this.#fail
    )
  }

  async end() {
    this.#isOver = true
    await this.#work
  }
}
