import { TimeSlice } from '../../worker/index.js'
import { nextTick, setImmediate } from '../../primordials.js'

/** When the next step is taken: after the promises that are due, and at times after a turn of the event loop. */
export class Pace {
  readonly #slice = new TimeSlice()

  /** Takes the step when the event loop has run. */
  later(step: () => void): void {
    setImmediate(() => {
      this.#slice.begin()
      step()
    })
  }

  /** Takes the step when all promises that are due have been seen to. */
  soon(step: () => void): void {
    if (this.#slice.isOver()) this.later(step)
    else nextTick(step)
  }
}
