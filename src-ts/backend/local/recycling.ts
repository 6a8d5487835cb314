import { keepAlive } from '../keep-alive.js'
import { Promise, Set, promiseOf } from '../../primordials.js'

/** A call of `recycle` that waits for workers to end. */
interface RecycleWaiter {
  /** The processes that have yet to end. */
  readonly left: Set<number>
  readonly resolve: () => void
}

/** Calls of `recycle` that wait for workers to end. They keep the process alive. */
export class Recycling {
  readonly #waiters = new Set<RecycleWaiter>()

  /** Resolves when all of these processes have ended. */
  wait(pids: readonly number[]): Promise<void> {
    if (pids.length === 0) return promiseOf(undefined)
    return new Promise((resolve) => {
      this.#waiters.add({ left: new Set(pids), resolve })
      keepAlive(this, true)
    })
  }

  /** A worker's process has ended. */
  ended(pid: number): void {
    for (const waiter of this.#waiters) if (waiter.left.delete(pid) && waiter.left.size === 0) this.#resolve(waiter)
  }

  /** The pool has closed. */
  closed(): void {
    for (const waiter of this.#waiters) this.#resolve(waiter)
  }

  #resolve(waiter: RecycleWaiter): void {
    this.#waiters.delete(waiter)
    keepAlive(this, this.#waiters.size > 0)
    waiter.resolve()
  }
}
