import { Atomics, setTimeout } from '../primordials.js'
import { SENT_WORD, TAKEN_WORD } from '../protocol/index.js'

/** If the parent has not read the results after this many milliseconds, the worker notifies it again. */
const PATIENCE_MS = 5

/**
 * Notifies the parent again if it does not read a worker's last results. The parent's event loop may listen to the bell itself.
 * Nothing tells when that loop is busy with other JavaScript. Then the waiting thread has to give this worker more work.
 */
export class WakeupWatchdog {
  readonly #words: Int32Array
  readonly #notifyAgain: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(words: Int32Array, notifyAgain: () => void) {
    this.#words = words
    this.#notifyAgain = notifyAgain
  }

  /** To be called when the worker has run out of work. */
  watch(): void {
    if (!this.#hasUnread()) return
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        if (this.#hasUnread()) this.#notifyAgain()
      }, PATIENCE_MS).unref()
    } else this.#timer.refresh()
  }

  /** Whether the parent has not read everything that this worker has sent. */
  #hasUnread(): boolean {
    return Atomics.load(this.#words, SENT_WORD) !== Atomics.load(this.#words, TAKEN_WORD)
  }
}
