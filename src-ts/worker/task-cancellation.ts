import { Reader, readValue } from '../codec/index.js'
import { AbortController } from '../primordials.js'
import type { TaskContext } from '../types/index.js'
import type { WorkerLife } from './life.js'

/** A chunk that the parent has cancelled, and the reason, if there is one. */
interface Cancelled {
  readonly seq: number
  readonly reason: readonly unknown[]
}

/**
 * Aborts the signal of the running task when the parent cancels its chunk. The signal is made when a task asks for it. Only then does
 * the worker read frames while a task runs, so other tasks pay nothing.
 */
export class TaskCancellation {
  readonly #readAhead: () => void
  /** The context of the running task, if anybody has asked for it. */
  #task: Context | undefined
  #controller: AbortController | undefined
  #seq = 0
  #cancelled: Cancelled | undefined

  /** @param readAhead Called when a task asks for its signal: the worker reads what the parent has sent so far. */
  constructor(readAhead: () => void) {
    this.#readAhead = readAhead
  }

  /** Whether the running task has asked for its signal. */
  get isWanted(): boolean {
    return this.#controller !== undefined
  }

  /** A chunk begins. */
  begin(seq: number): void {
    this.#seq = seq
  }

  /** The context of the running task, one object for each task. */
  contextOf(workerId: number, index: number, life: Pick<WorkerLife, 'state' | 'shared'>): TaskContext {
    this.#task ??= new Context(workerId, index, life, this)
    return this.#task
  }

  /** The task has ended. From now on nothing aborts its signal. */
  end(): void {
    this.#task = undefined
    this.#controller = undefined
  }

  /** The parent has cancelled a chunk. `reason` is encoded, or empty. */
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
    else this.#readAhead()
    return controller.signal
  }
}

/** The context of a task. Its signal is an accessor and no own property, so a task can return its context as a result. */
class Context implements TaskContext {
  readonly workerId: number
  readonly index: number
  readonly shared: unknown
  readonly state: Record<string, unknown>
  readonly #cancellation: TaskCancellation
  #signal: AbortSignal | undefined

  constructor(
    workerId: number,
    index: number,
    { shared, state }: Pick<WorkerLife, 'state' | 'shared'>,
    cancellation: TaskCancellation
  ) {
    this.workerId = workerId
    this.index = index
    this.shared = shared
    this.state = state
    this.#cancellation = cancellation
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#cancellation.signalOf(this)
    return this.#signal
  }
}

/** The arguments of `abort`: the reason, or nothing if it could not be sent. Without a reason the signal makes an AbortError. */
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
