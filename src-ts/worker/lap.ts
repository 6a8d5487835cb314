import { Math, monotonicMs } from '../primordials.js'

/** The time of tasks since the last report of it. */
export class Lap {
  #since = 0

  begin(): void {
    this.#since = monotonicMs()
  }

  /** Microseconds since the last report; the next lap begins. */
  readonly end = (): number => {
    const now = monotonicMs()
    const elapsed = Math.round((now - this.#since) * 1000)
    this.#since = now
    return Math.min(elapsed, 0xffffffff)
  }
}
