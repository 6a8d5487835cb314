import { Math, monotonicMs } from '../primordials.js'

/** Measures how long tasks run, from one outcome to the next. */
export class Stopwatch {
  #since = 0

  start(): void {
    this.#since = monotonicMs()
  }

  /** Microseconds since the start or the last lap. A new lap begins. */
  readonly lap = (): number => {
    const now = monotonicMs()
    const elapsed = Math.round((now - this.#since) * 1000)
    this.#since = now
    return Math.min(elapsed, 0xffffffff)
  }
}
