import { memoryOfRegions } from '../binding.js'
import { makeMemory } from '../insights/index.js'
import { Float64Array } from '../primordials.js'
import { traceBytes, workersOf } from '../protocol/index.js'
import { type RawRecord, RingGroup } from './ring-group.js'

/** The largest number of workers that a pool may have. */
const MAX_WORKERS = 1024

/** The memory of a trace, which grows with the pool. */
export class TraceRings {
  /** The number of rows of the first region. */
  readonly rows: number
  readonly #ids: readonly number[]
  readonly #groups: RingGroup[] = []
  #workers = 0

  /** @throws SharedMemoryError */
  constructor(workers: number) {
    this.rows = workers
    const ids: number[] = []
    do ids.push(memoryOfRegions.freshId())
    while (workers * 2 ** (ids.length - 1) < MAX_WORKERS)
    this.#ids = ids
    this.grow(workers)
    const [first] = this.#groups
    // Workers that come later find their region by it.
    if (first !== undefined) new Float64Array(first.memory).set(ids)
  }

  /** The id of the first region. */
  get region(): number {
    return this.#ids[0] ?? 0
  }

  /** The number of workers that have a row. */
  get workers(): number {
    return this.#workers
  }

  /** @throws SharedMemoryError */
  grow(workers: number): void {
    while (this.#workers < workers) {
      const at = this.#groups.length
      const { first, count } = workersOf(this.rows, at)
      this.#groups.push(new RingGroup(makeMemory(this.#ids[at] ?? 0, traceBytes(count)), first, count))
      this.#workers = first + count
    }
  }

  /** See `RingGroup`. */
  drain(worker: number, take: (record: RawRecord) => void): number {
    const group = this.#of(worker)
    return group?.drain(worker - group.first, take) ?? 0
  }

  takeOpen(worker: number, pid: number | undefined): readonly RawRecord[] {
    const group = this.#of(worker)
    return group?.takeOpen(worker - group.first, pid) ?? []
  }

  /** Gives the memory back. Workers that still have it may write to it until their next chunk. */
  release(): void {
    for (const { memory } of this.#groups) memoryOfRegions.release(memory)
    this.#groups.length = 0
    this.#workers = 0
  }

  #of(worker: number): RingGroup | undefined {
    return this.#groups.findLast((group) => group.first <= worker && worker < group.first + group.rows)
  }
}
