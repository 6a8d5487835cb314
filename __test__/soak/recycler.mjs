// Replaces the workers of a pool at random, and looks whether they end.
import { setTimeout as sleep } from 'node:timers/promises'

import { watched } from './watched.mjs'

/** Tasks between two calls. */
const SETTLED_MIN = 3

export class Recycler {
  #pool
  #random
  #ledger
  #fail
  #isOver = false
  #work
  count = 0

  constructor(pool, random, ledger, fail) {
    this.#pool = pool
    this.#random = random
    this.#ledger = ledger
    this.#fail = fail
    this.#work = this.#run()
  }

  async #run() {
    const isFrequent = this.#random.oneIn(2)
    let settledBefore = 0
    while (!this.#isOver) {
      await sleep(isFrequent ? this.#random.between(0, 400) : this.#random.between(300, 900))
      if (this.#isOver || this.#pool.closed) break
      const { completed, failed } = this.#pool.stats
      if (completed + failed < settledBefore + SETTLED_MIN) continue
      settledBefore = completed + failed
      await this.#recycle()
    }
  }

  async #recycle() {
    // A worker that has begun no task is fresh, and stays.
    const pids = this.#pool.workers.flatMap(({ pid, tasksDone }) => (tasksDone > 0 ? [pid] : []))
    this.#ledger.recycled()
    this.count++
    // Closing the pool resolves it too. The event of an exit may come a turn later than the end of the process, which may have been
    // killed before the pool was asked.
    await watched(
      'recycle',
      () => this.#pool.recycle(),
      () => (this.#pool.closed ? [] : pids),
      (left) => `recycled, and workers ${left} have not ended`,
      this.#fail
    )
  }

  async end() {
    this.#isOver = true
    await this.#work
  }
}
