import type { AsyncResource } from 'node:async_hooks'

/** What `lifeline.cjs` saw to before any code of the user ran. */
export interface AsyncContext {
  /** Made while there was no context: what runs in it sees no store of an `AsyncLocalStorage`. */
  readonly empty: AsyncResource
  /** True once anybody has called `AsyncLocalStorage.prototype.enterWith`. */
  hasEntered: boolean
}

/**
 * Runs each task in an empty asynchronous context. Without it a store that a task enters by `enterWith` would be seen by the tasks
 * after it, which run in the same turn of the event loop. It costs nothing before `enterWith` was called for the first time.
 */
export class Isolation {
  readonly #context: AsyncContext
  readonly #make: () => AsyncResource

  constructor(context: AsyncContext) {
    this.#context = context
    const { constructor } = context.empty as unknown as { constructor: new (type: string) => AsyncResource }
    this.#make = () => new constructor('MillraceTask')
  }

  run<T>(task: () => T): T {
    const { empty, hasEntered } = this.#context
    if (!hasEntered) return task()
    // A resource of its own, made in the empty one: until Node 22 `enterWith` writes to the resource that runs.
    return empty.runInAsyncScope(this.#make).runInAsyncScope(task)
  }
}
