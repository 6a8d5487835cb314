import { keepAlive } from '../keep-alive.js'
import { Promise, Set, promiseOf } from '../../primordials.js'

/** One caller that waits for workers to be replaced. */
interface RecycleWaiter {
  /** The processes that have not ended yet. */
  readonly pids: Set<number>
  readonly resolve: () => void
}

/** The callers that wait for workers to end. They keep the process alive. */
export class Recycling {
  readonly #waiters = new Set<RecycleWaiter>()

  /** Resolves when all of these processes have ended. */
  wait(pids: readonly number[]): Promise<void> {
    if (pids.length === 0) return promiseOf(undefined)
    return new Promise((resolve) => {
      this.#waiters.add({ pids: new Set(pids), resolve })
      keepAlive(this, true)
    })
  }

  /** A worker's process has ended. */
  ended(pid: number): void {
    for (const waiter of this.#waiters) if (waiter.pids.delete(pid) && waiter.pids.size === 0) this.#finish(waiter)
  }

  /** The pool has closed. */
  closed(): void {
    for (const waiter of this.#waiters) this.#finish(waiter)
  }

  #finish(waiter: RecycleWaiter): void {
    this.#waiters.delete(waiter)
    keepAlive(this, this.#waiters.size > 0)
    waiter.resolve()
  }
}
