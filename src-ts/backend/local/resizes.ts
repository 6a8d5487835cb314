import { keepAlive } from '../keep-alive.js'
import { Map, Promise } from '../../primordials.js'

/** The callers that wait until workers have left after a resize. They keep the process alive. */
export class Resizes {
  readonly #waiters = new Map<number, () => void>()
  #last = 0

  /** @param begin Begins a resize of this number. Resolves when {@linkcode ended} is called with it. */
  wait(begin: (number: number) => void): Promise<void> {
    return new Promise((resolve) => {
      const number = ++this.#last
      this.#waiters.set(number, resolve)
      keepAlive(this, true)
      begin(number)
    })
  }

  /** The workers that had to leave for the resize have ended. */
  ended(number: number): void {
    const resolve = this.#waiters.get(number)
    this.#waiters.delete(number)
    keepAlive(this, this.#waiters.size > 0)
    resolve?.()
  }

  /** The pool has closed. */
  closed(): void {
    for (const number of this.#waiters.keys()) this.ended(number)
  }
}
