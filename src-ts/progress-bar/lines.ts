import { monotonicMs } from '../primordials.js'
import { lineText, type Shown } from './text.js'

/** Milliseconds between two lines. */
const INTERVAL_MS = 10_000

/** Shows a call where no terminal is: by a line now and then, and one at the end. */
export class LogLines {
  readonly #write: (text: string) => void
  #lastMs = monotonicMs()

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  show(shown: Shown): void {
    if (!shown.isOver && monotonicMs() - this.#lastMs < INTERVAL_MS) return
    this.#lastMs = monotonicMs()
    this.#write(`${lineText(shown)}\n`)
  }
}
