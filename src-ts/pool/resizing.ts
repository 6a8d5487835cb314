import type { Backend } from '../backend/index.js'
import type { PoolSize } from '../options/index.js'
import { Array, Math, Promise, Set, afterwards, promiseOf } from '../primordials.js'
import type { CallRegistry } from './call-registry.js'

/** A `resize` that waits for calls whose chunks are bound to workers. */
interface Waiting {
  readonly calls: Set<number>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Changes the number of workers. Workers that a call with `orderTasks` is bound to stay until the call has ended. Workers that are new come
 * at once, because later calls may be bound to them.
 */
export class Resizing {
  readonly #calls: CallRegistry
  readonly #backend: () => Backend | undefined
  /** The size that calls made from now on have. */
  #size: PoolSize
  /** What the back end has. */
  #cpuIds: readonly (readonly number[])[]
  #count: number
  readonly #waiting = new Set<Waiting>()

  constructor(size: PoolSize, calls: CallRegistry, backend: () => Backend | undefined) {
    this.#calls = calls
    this.#backend = backend
    this.#size = size
    this.#cpuIds = size.cpuIds
    this.#count = size.nJobs
    calls.onBoundEnd = (id) => this.#ended(id)
  }

  /** Resolves when the calls that are bound now have ended, and then the workers that had to leave. */
  to(size: PoolSize): Promise<void> {
    this.#size = size
    const applied = this.#apply()
    const calls = this.#calls.bound()
    if (calls.size === 0) return applied
    return new Promise((resolve, reject) => this.#waiting.add({ calls, resolve, reject }))
  }

  #ended(id: number): void {
    if (this.#waiting.size === 0) return
    const applied = this.#apply()
    for (const waiting of this.#waiting) {
      if (!waiting.calls.delete(id) || waiting.calls.size > 0) continue
      this.#waiting.delete(waiting)
      void afterwards(applied, waiting.resolve, waiting.reject)
    }
  }

  /** Gives the back end as much of the new size as the bound calls allow. */
  #apply(): Promise<void> {
    const widest = this.#calls.widest
    const { nJobs, cpuIds } = this.#size
    const count = Math.max(nJobs, widest)
    // Workers that calls are bound to keep their CPUs.
    const isKept = (id: number): boolean => id < this.#count && widest > 0
    const cpusOf = (id: number): readonly number[] => (isKept(id) ? this.#cpuIds[id] : cpuIds[id]) ?? []
    this.#cpuIds = Array.from({ length: count }, (_, id) => cpusOf(id))
    this.#count = count
    return this.#backend()?.resize(count, this.#cpuIds) ?? promiseOf(undefined)
  }
}
