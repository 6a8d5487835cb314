import { memoryOfRegions } from '../binding.js'
import { SharedMemoryError } from '../errors/index.js'
import { Array, ArrayBuffer, Error, String } from '../primordials.js'
import { figureBytes, type FigureRegions, workersOf } from '../protocol/index.js'
import { Figures } from './figures.js'

/** The largest number of workers that a pool may have. */
const MAX_WORKERS = 1024

/** The memory of a pool's figures, which grows with the pool and never shrinks. */
export class FigureMemory {
  /** What workers are told when they start, if they are other processes. */
  readonly regions: FigureRegions | undefined
  /** The memory of the only worker, if it is this process. */
  readonly own: ArrayBuffer | undefined
  readonly #figures: Figures[] = []
  #workers = 0

  /**
   * @param nJobs 0 if tasks run in this process, which then is the only worker.
   * @throws SharedMemoryError
   */
  constructor(nJobs: number) {
    if (nJobs === 0) {
      this.own = new ArrayBuffer(figureBytes(1))
      this.#figures.push(new Figures(this.own, 0, 1))
      this.#workers = 1
      return
    }
    let count = 1
    while (nJobs * 2 ** (count - 1) < MAX_WORKERS) count++
    // Their ids are numbers that nobody guesses. Only those that are needed exist.
    this.regions = { rows: nJobs, ids: Array.from({ length: count }, () => memoryOfRegions.freshId()) }
    this.grow(nJobs)
  }

  /** @throws SharedMemoryError */
  grow(workers: number): void {
    while (this.regions !== undefined && this.#workers < workers) {
      const at = this.#figures.length
      const { first, count } = workersOf(this.regions.rows, at)
      this.#figures.push(new Figures(makeMemory(this.regions.ids[at] ?? 0, figureBytes(count)), first, count))
      this.#workers = first + count
    }
  }

  /** The number of workers that have a row. */
  get workers(): number {
    return this.#workers
  }

  /** All parts of the memory. */
  get parts(): readonly Figures[] {
    return this.#figures
  }

  /** The part with the row of a worker, which exists. */
  of(worker: number): Figures | undefined {
    return this.#figures.findLast((figures) => figures.first <= worker)
  }
}

/** @throws SharedMemoryError */
export function makeMemory(id: number, bytes: number): ArrayBuffer {
  try {
    return memoryOfRegions.create(id, bytes, undefined)
  } catch (cause) {
    throw new SharedMemoryError(bytes, cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
