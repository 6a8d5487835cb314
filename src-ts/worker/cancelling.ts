import { Reader, readValue } from '../codec/index.js'
import { AbortController } from '../primordials.js'
import type { TaskContext } from '../types/index.js'

/** The chunk that runs was cancelled; the task's signal aborts with the reason, if there is one. */
interface Cancelled {
  readonly seq: number
  readonly reason: readonly unknown[]
}

/**
 * Tells the running task that its call has ended. The signal is made when a task asks for it, and only then does the worker
 * listen to the parent while a task runs: others pay nothing.
 */
export class Cancelling {
  readonly #listen: () => void
  /** The context of the running task, once somebody has asked for it. */
  #task: Context | undefined
  #controller: AbortController | undefined
  #seq = 0
  #cancelled: Cancelled | undefined

  /** @param listen Called when a task wants to hear; what the parent has said by then has to be taken in. */
  constructor(listen: () => void) {
    this.#listen = listen
  }

  /** Whether the running task wants to hear. */
  get isWanted(): boolean {
    return this.#controller !== undefined
  }

  /** A chunk begins. */
  begin(seq: number): void {
    this.#seq = seq
  }

  /** The context of the running task, one object for each task. */
  contextOf(workerId: number, index: number, state: Record<string, unknown>): TaskContext {
    this.#task ??= new Context(workerId, index, state, this)
    return this.#task
  }

  /** The task has ended; its signal never aborts any more. */
  end(): void {
    this.#task = undefined
    this.#controller = undefined
  }

  /** The parent does not want a chunk any more; `reason` is encoded, or empty. */
  cancel(seq: number, reason: Uint8Array): void {
    if (seq !== this.#seq) return
    this.#cancelled = { seq, reason: decode(reason) }
    this.#controller?.abort(...this.#cancelled.reason)
  }

  /** The signal of a task. */
  signalOf(task: object): AbortSignal {
    const controller = new AbortController()
    if (task !== this.#task) return controller.signal
    this.#controller = controller
    if (this.#cancelled?.seq === this.#seq) controller.abort(...this.#cancelled.reason)
    else this.#listen()
    return controller.signal
  }
}

/** What a task is told about itself. The signal is no property of its own: a context can be sent as a result. */
class Context implements TaskContext {
  readonly workerId: number
  readonly index: number
  readonly state: Record<string, unknown>
  readonly #cancelling: Cancelling
  #signal: AbortSignal | undefined

  constructor(workerId: number, index: number, state: Record<string, unknown>, cancelling: Cancelling) {
    this.workerId = workerId
    this.index = index
    this.state = state
    this.#cancelling = cancelling
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#cancelling.signalOf(this)
    return this.#signal
  }
}

/** The reason as the one argument of `abort`; none where it could not be sent: that makes an AbortError. */
function decode(bytes: Uint8Array): readonly unknown[] {
  if (bytes.length === 0) return []
  const reader = new Reader()
  reader.reset(bytes, 0, bytes.length)
  try {
    return [readValue(reader)]
  } catch {
    return []
  }
}
