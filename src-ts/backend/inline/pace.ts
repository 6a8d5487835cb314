import { TimeSlice } from '../../worker/index.js'
import { nextTick, setImmediate } from '../../primordials.js'

/** Schedules the next step: after pending promise jobs, and now and then after the event loop has run. */
export class Pace {
  readonly #slice = new TimeSlice()

  /** Takes the step when the event loop has run. */
  later(step: () => void): void {
    setImmediate(() => {
      this.#slice.begin()
      step()
    })
  }

  /** Takes the step after all pending promise jobs. */
  soon(step: () => void): void {
    if (this.#slice.isOver()) this.later(step)
    else nextTick(step)
  }
}
