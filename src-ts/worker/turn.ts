import { Math, monotonicMs } from '../primordials.js'

/** Milliseconds of tasks after which the event loop gets its turn, so that timers and sockets of earlier tasks live. */
const TURN_MS = 4
/** Tasks between two looks at the clock, at the most. */
const STRIDE_MAX = 64

/** How long tasks have run since the event loop had its turn. Looking at the clock costs more than a small task. */
export class Turn {
  #end = 0
  #stride = 1
  #untilClock = 1

  /** The event loop has just had its turn. */
  begin(): void {
    this.#end = monotonicMs() + TURN_MS
  }

  /** Whether it is the event loop's turn. */
  isOver(): boolean {
    return monotonicMs() >= this.#end
  }

  /** The same after a task, looking at the clock only as often as the tasks' pace asks for. */
  isOverAfterTask(): boolean {
    if (--this.#untilClock > 0) return false
    const left = this.#end - monotonicMs()
    this.#stride = left > TURN_MS / 2 ? Math.min(this.#stride * 2, STRIDE_MAX) : 1 + (this.#stride >> 1)
    this.#untilClock = this.#stride
    return left <= 0
  }
}
