import { Math, monotonicMs } from '../primordials.js'

/** After so many milliseconds of tasks the event loop runs once, so that timers and sockets of earlier tasks stay alive. */
const SLICE_MS = 4
/** The clock is read at least once in this many tasks. */
const STRIDE_MAX = 64

/** The time that tasks may run before the event loop runs again. Reading the clock costs more than a small task. */
export class TimeSlice {
  /** The results of so many microseconds of tasks need not wake the parent yet. A slice is longer than this if a task is long. */
  readonly mayWaitUs: number = 2_000 * SLICE_MS
  #end = 0
  #stride = 1
  #untilClock = 1

  /** The event loop has just run. */
  begin(): void {
    this.#end = monotonicMs() + SLICE_MS
  }

  /** Whether the event loop has to run now. */
  isOver(): boolean {
    return monotonicMs() >= this.#end
  }

  /** The same after a task. It reads the clock only as often as the pace of the tasks requires. */
  isOverAfterTask(): boolean {
    if (--this.#untilClock > 0) return false
    const left = this.#end - monotonicMs()
    this.#stride = left > SLICE_MS / 2 ? Math.min(this.#stride * 2, STRIDE_MAX) : 1 + (this.#stride >> 1)
    this.#untilClock = this.#stride
    return left <= 0
  }
}
