import { keepAlive } from '../keep-alive.js'
import { Promise, Set, promiseOf } from '../../primordials.js'

/** One wish to have the workers replaced. */
interface Wish {
  /** The processes that have yet to end. */
  readonly left: Set<number>
  readonly resolve: () => void
}

/** Those who wait for workers to end. They keep the process alive. */
export class Recycling {
  readonly #wishes = new Set<Wish>()

  /** Resolves when all of these processes have ended. */
  wait(pids: readonly number[]): Promise<void> {
    if (pids.length === 0) return promiseOf(undefined)
    return new Promise((resolve) => {
      this.#wishes.add({ left: new Set(pids), resolve })
      keepAlive(this, true)
    })
  }

  /** A worker's process has ended. */
  ended(pid: number): void {
    for (const wish of this.#wishes) if (wish.left.delete(pid) && wish.left.size === 0) this.#fulfil(wish)
  }

  /** The pool has closed. */
  closed(): void {
    for (const wish of this.#wishes) this.#fulfil(wish)
  }

  #fulfil(wish: Wish): void {
    this.#wishes.delete(wish)
    keepAlive(this, this.#wishes.size > 0)
    wish.resolve()
  }
}
