import type { TaskCallable } from '../functions/instantiate/index.js'
import type { BlockSource } from '../codec/index.js'
import type { BatchResultError, TaskOrigin } from '../errors/index.js'
import { Array, process } from '../primordials.js'
import { FAIL_FAST, LOAD, PASS_CONTEXT, SPREAD, URGENT } from '../protocol/index.js'
import type { TaskContext } from '../types/index.js'
import type { Chunk } from './chunk.js'
import type { WorkerLife } from './life.js'
import type { Isolation } from './isolation.js'
import type { TaskCancellation } from './task-cancellation.js'
import type { Resolved } from './task-functions.js'
import { TaskReader } from './task-reader.js'

// A task may set it to anything.
const { pid } = process

/** Calls the function of a chunk, once for each task. */
export class TaskInvoker {
  readonly #workerId: number
  readonly #cancellation: TaskCancellation
  readonly #isolation: Pick<Isolation, 'run' | 'isNeeded'>
  readonly #life: Pick<WorkerLife, 'state' | 'shared'>
  readonly #tasks: TaskReader
  #callable: TaskCallable | undefined
  #failure: unknown
  #flags = 0
  /** The tasks of the chunk that are to be run. */
  tasks = 0

  constructor(
    cancellation: TaskCancellation,
    isolation: Pick<Isolation, 'run' | 'isNeeded'>,
    workerId: number,
    life: Pick<WorkerLife, 'state' | 'shared'>,
    blocks?: BlockSource
  ) {
    this.#tasks = new TaskReader(blocks)
    this.#cancellation = cancellation
    this.#isolation = isolation
    this.#workerId = workerId
    this.#life = life
  }

  /** Goes to the first task of a chunk. `payload` must stay as it is until the chunk ends. */
  open(payload: Uint8Array, { from, count, flags }: Chunk, resolved: Resolved): void {
    this.#callable = 'callable' in resolved ? resolved.callable : undefined
    this.#failure = 'failure' in resolved ? resolved.failure : undefined
    this.#flags = flags
    this.tasks = count - from
    if ((flags & LOAD) === 0) this.#tasks.open(payload, from, flags)
  }

  /**
   * Reads the next task and calls the function with it.
   * @returns what the function returns, which may be a promise
   * @throws what the function throws, or why there is no function or no item
   */
  invoke(): unknown {
    return this.#isolation.run(this.#call)
  }

  /**
   * The function, if each task is to call it with one number, which `readNumber` returns, and nothing else. It never receives `this`.
   */
  get numberFunction(): TaskCallable['call'] | undefined {
    if (this.#callable === undefined || !this.#hasNumbers || this.#isolation.isNeeded) return undefined
    const takesContext = (this.#flags & PASS_CONTEXT) !== 0 && !this.#callable.isNative
    return takesContext ? undefined : this.#callable.call
  }

  get #hasNumbers(): boolean {
    // A chunk that runs nothing has not opened the reader.
    return (this.#flags & LOAD) === 0 && this.#tasks.hasNumbers
  }

  /** Whether a task has to run in an asynchronous context of its own, so that only `invoke` may run it. */
  get isIsolated(): boolean {
    return this.#isolation.isNeeded
  }

  /** The next item of a chunk of numbers. */
  readNumber(): number | undefined {
    return this.#tasks.readNumber()
  }

  /** The context of the task that was read last. */
  context(): TaskContext {
    return this.#cancellation.contextOf(this.#workerId, this.#tasks.index, this.#life)
  }

  /** When the chunk was made, if it says so. */
  get madeAt(): number | undefined {
    return (this.#flags & LOAD) === 0 ? this.#tasks.madeAt : undefined
  }

  /** The index of the item that was read last. For a batch, that of its first item. */
  get index(): number {
    return this.#tasks.index
  }

  /** Whether the chunk ends with a failure. */
  get endsWithFailure(): boolean {
    return (this.#flags & FAIL_FAST) !== 0
  }

  /** The index of the item that is read next. */
  get nextIndex(): number {
    return this.#tasks.nextIndex
  }

  /** The number of items of the task that was read last, if it is a batch. */
  get batchCount(): number | undefined {
    return this.#tasks.batchCount
  }

  /** The task that was read last, as text. */
  text(): string | undefined {
    return this.#tasks.describe((this.#flags & URGENT) !== 0)
  }

  /** What the parent is told about a task that failed. `isRead`: the task was read, and was the last one. */
  origin(isRead: boolean): TaskOrigin {
    const item = isRead && (this.#flags & LOAD) === 0 ? this.text() : undefined
    return { item, workerId: this.#workerId, pid }
  }

  /** The error of a batch whose result is not a list with one result for each of its items. */
  misfit(result: unknown): BatchResultError | undefined {
    return (this.#flags & LOAD) === 0 ? this.#tasks.misfit(result) : undefined
  }

  readonly #call = (): unknown => {
    const isTask = (this.#flags & LOAD) === 0
    const item = isTask ? this.#tasks.read() : undefined
    if (this.#callable === undefined) throw this.#failure
    if (!isTask) return undefined
    const { call, isNative } = this.#callable
    const takesContext = (this.#flags & PASS_CONTEXT) !== 0 && !isNative
    // As in MPIRE, an item that is not an array is itself the argument.
    if ((this.#flags & SPREAD) !== 0 && Array.isArray(item)) {
      const args: unknown[] = item
      return takesContext ? call(...args, this.context()) : call(...args)
    }
    return takesContext ? call(item, this.context()) : call(item)
  }
}

/** Whether the runner has to await what a task returned. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as { then?: unknown }).then === 'function'
}
