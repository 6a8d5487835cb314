import { Math } from '../primordials.js'
import { ADAPTIVE_MAX, type ChunkSize } from './chunk-size.js'

/** An array in a `map` is accepted whole. Pulling its items has no side effects, so many chunks may be in flight. */
const LIST_TASKS_PER_JOB = 512
const LIST_CHUNKS_PER_JOB = 8
/**
 * With so many bytes in flight, each worker has enough to do. More bytes leave the caches of the CPUs before a worker reads them, and they
 * need blocks of shared memory that were not used before, which cost several times their copy.
 */
const LARGE_BYTES = 8 * 1024 * 1024
const LARGE_BYTES_PER_JOB = 2 * 1024 * 1024

/** Decides how many items of a call may be active. */
export class Window {
  readonly #nJobs: number
  readonly #size: ChunkSize
  readonly #limit: number | undefined
  readonly #isDeep: boolean
  readonly #lifespan: number
  /** The number of items of one task. */
  readonly #batch: number

  /**
   * @param limit `maxTasksActive`, if given.
   * @param lifespan The most tasks that a worker may run, or 0. Larger chunks would be cut and sent again for each piece.
   */
  constructor(
    nJobs: number,
    size: ChunkSize,
    limit: number | undefined,
    isDeep: boolean,
    lifespan: number,
    batch: number
  ) {
    this.#batch = batch
    this.#nJobs = nJobs
    this.#size = size
    this.#limit = limit
    this.#isDeep = isDeep
    this.#lifespan = lifespan === 0 ? Infinity : lifespan
  }

  /** The tasks of the largest chunk that fits into an empty window. */
  get chunkLimit(): number {
    if (this.#limit === undefined) return this.#lifespan
    // A size that millrace chooses leaves something for every worker.
    const tasks = Math.floor(this.#limit / this.#batch)
    const share = this.#size.isFlexible ? Math.max(1, Math.floor(tasks / (2 * this.#nJobs))) : tasks
    return Math.min(share, this.#lifespan)
  }

  /**
   * The number of items that may become active.
   * @param inFlight Tasks that were sent and have not settled. A batch counts as full.
   * @param waiting Results that the consumer has not taken, and items that were not sent.
   * @param bytes The bytes of the tasks in flight.
   */
  room(inFlight: number, waiting: number, bytes: number): number {
    const active = inFlight * this.#batch + waiting
    if (this.#limit !== undefined) return this.#limit - active
    const usual = 2 * this.#nJobs * this.#size.current * this.#batch
    // Each worker has a chunk to run and one that waits, however large they are. A chunk of large items may have only one task.
    const least = this.#size.isFlexible ? 2 * this.#nJobs * this.#batch : usual
    if (active >= least && bytes > Math.max(LARGE_BYTES, this.#nJobs * LARGE_BYTES_PER_JOB)) return 0
    if (active < usual || !this.#isDeep) return usual - active
    // A chunk that has reached the greatest size is over soon. With two of them a worker would run dry between two turns of the loop.
    const hasMany = !this.#size.isFlexible || this.#size.current >= ADAPTIVE_MAX
    const chunks = hasMany ? LIST_CHUNKS_PER_JOB * this.#size.current : 0
    return Math.max(usual, this.#nJobs * this.#batch * Math.max(LIST_TASKS_PER_JOB, chunks)) - active
  }
}
