import type { AsyncResource } from 'node:async_hooks'

/** Prepared by `lifeline.cjs` before any code of the user ran. */
export interface AsyncContext {
  /** Made while there was no context. Code that runs in it sees no store of an `AsyncLocalStorage`. */
  readonly empty: AsyncResource
  /** True once anybody has called `AsyncLocalStorage.prototype.enterWith`. */
  hasEntered: boolean
}

/**
 * Runs each task in an empty asynchronous context. Otherwise the tasks after it, which run in the same turn of the event loop, would see
 * a store that a task has entered by `enterWith`. This costs nothing until `enterWith` is called for the first time.
 */
export class Isolation {
  readonly #context: AsyncContext
  readonly #make: () => AsyncResource

  constructor(context: AsyncContext) {
    this.#context = context
    const { constructor } = context.empty as unknown as { constructor: new (type: string) => AsyncResource }
    this.#make = () => new constructor('MillraceTask')
  }

  /** Whether a task needs more than a call. */
  get isNeeded(): boolean {
    return this.#context.hasEntered
  }

  run<T>(task: () => T): T {
    const { empty, hasEntered } = this.#context
    if (!hasEntered) return task()
    // A new resource, made in the empty one: until Node 22 `enterWith` writes to the resource that runs.
    return empty.runInAsyncScope(this.#make).runInAsyncScope(task)
  }
}
