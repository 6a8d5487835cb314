import type { Chunk, Progress } from './chunk.js'
import { BEGIN, type Claims } from './claims.js'
import type { Observers } from './observers.js'
import type { Outbox } from './outbox.js'
import type { TaskCancellation } from './task-cancellation.js'
import type { TaskInvoker } from './task-invoker.js'
import type { TimeSlice } from './time-slice.js'

/** Why the loop has ended. */
export const PAUSED = 0
export const STOPPED = 1
export const RETURNED = 2
export const THREW = 3

/**
 * Runs tasks from numbers to numbers or to constants, one after the other. What the runner does for any task takes ten times as long as an empty task, so
 * this loop has only what such tasks need, in a form that the engine compiles to machine code: nothing is allocated, encoded or called
 * in between but the function itself. Whatever else happens ends the loop, and the runner goes on from there.
 */
export class NumberLoop {
  readonly #claims: Pick<Claims, 'beginTask'>
  readonly #outbox: Outbox
  readonly #timeSlice: Pick<TimeSlice, 'isOverAfterTask'>
  readonly #cancellation: TaskCancellation
  readonly #invoker: TaskInvoker
  readonly #observers: Pick<Observers, 'current'>
  #last: unknown
  /** Whether the event loop has to run. */
  isSliceOver = false

  constructor(
    claims: Pick<Claims, 'beginTask'>,
    outbox: Outbox,
    timeSlice: Pick<TimeSlice, 'isOverAfterTask'>,
    cancellation: TaskCancellation,
    invoker: TaskInvoker,
    observers: Pick<Observers, 'current'>
  ) {
    this.#claims = claims
    this.#outbox = outbox
    this.#timeSlice = timeSlice
    this.#cancellation = cancellation
    this.#invoker = invoker
    this.#observers = observers
  }

  /**
   * What the last task returned (`RETURNED`) or threw (`THREW`), or the answer of the claim word (`STOPPED`). It is not kept here, because
   * it may be large.
   */
  takeLast(): unknown {
    const last = this.#last
    this.#last = undefined
    return last
  }

  /**
   * Runs the tasks from `progress.index` on.
   * @param call The invoker's function for numbers.
   * @returns `PAUSED`: between two tasks, or after the last one. `STOPPED`: the claim word said so. `RETURNED`: the task that runs has
   * returned something that the block of results cannot have. `THREW`: it threw.
   */
  run({ firstTask, from, count }: Chunk, progress: Progress, call: (item: unknown) => unknown): number {
    const invoker = this.#invoker
    const outbox = this.#outbox
    const observer = this.#observers.current
    const results = outbox.openNumbers(count - progress.index)
    this.isSliceOver = false
    while (progress.index < count && !results.isFull && !invoker.isIsolated) {
      const { index } = progress
      // The runner has begun the first task together with the chunk.
      const begun = index === from ? BEGIN : this.#claims.beginTask(firstTask + index - from)
      if (begun !== BEGIN) {
        this.#last = begun
        return STOPPED
      }
      progress.isRunning = true
      let value: unknown
      try {
        value = call(invoker.readNumber())
      } catch (error) {
        this.#last = error
        return THREW
      }
      // The task may have emitted a signal's event, whose handler sends the results.
      if (results.hasEnded || !results.addResult(value)) {
        this.#last = value
        return RETURNED
      }
      this.#cancellation.end()
      if (observer !== undefined) observer.taskEnded(false, invoker)
      progress.isRunning = false
      progress.index = index + 1
      this.isSliceOver = this.#timeSlice.isOverAfterTask()
      if (this.isSliceOver || outbox.retiresNow()) break
    }
    return PAUSED
  }
}
