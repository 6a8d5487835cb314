import { Atomics, setTimeout } from '../primordials.js'
import { SENT_WORD, TAKEN_WORD } from '../protocol/index.js'

/** Milliseconds after which results that nobody has taken are notified of again. */
const PATIENCE_MS = 5

/**
 * Sees to it that the last results of a worker are heard. The parent's event loop may hear its bell itself, and cannot
 * tell when it is awake but busy with something else; its waiting thread then has to give this worker more work.
 */
export class Unheard {
  readonly #words: Int32Array
  readonly #notifyAgain: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(words: Int32Array, notifyAgain: () => void) {
    this.#words = words
    this.#notifyAgain = notifyAgain
  }

  /** The worker is out of work. */
  watch(): void {
    if (!this.#isUnheard()) return
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        if (this.#isUnheard()) this.#notifyAgain()
      }, PATIENCE_MS).unref()
    } else this.#timer.refresh()
  }

  #isUnheard(): boolean {
    return Atomics.load(this.#words, SENT_WORD) !== Atomics.load(this.#words, TAKEN_WORD)
  }
}
