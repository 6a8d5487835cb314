import { Math } from '../primordials.js'
import { ADAPTIVE_MAX, type ChunkSize, type Crowd } from './chunk-size.js'

/** An array in a `map` is accepted whole. Pulling its items has no side effects, so many chunks may be in flight. */
const LIST_TASKS_PER_JOB = 512
const LIST_CHUNKS_PER_JOB = 8
/** More workers per CPU need no more tasks of unknown or small cost. */
const JOBS_PER_CPU = 2
/**
 * With so many bytes in flight, each worker has enough to do. More bytes leave the caches of the CPUs before a worker reads them, and they
 * need blocks of shared memory that were not used before, which cost several times their copy.
 */
const LARGE_BYTES = 8 * 1024 * 1024
const LARGE_BYTES_PER_JOB = 2 * 1024 * 1024

/** Decides how many items of a call may be active. */
export class Window {
  readonly #nJobs: number
  /** As many workers as the CPUs can keep busy. */
  readonly #busyJobs: number
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
    { nJobs, cpus }: Crowd,
    size: ChunkSize,
    limit: number | undefined,
    isDeep: boolean,
    lifespan: number,
    batch: number
  ) {
    this.#batch = batch
    this.#nJobs = nJobs
    this.#busyJobs = Math.min(nJobs, JOBS_PER_CPU * cpus)
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
    return (this.#isDeep ? this.#deepRoom() : usual) - active
  }

  /** The number of items of a list that may be active. */
  #deepRoom(): number {
    const { current, isFlexible, isKnown } = this.#size
    const tasks = Math.max(2 * this.#nJobs, this.#busyJobs * LIST_TASKS_PER_JOB)
    // The size of the chunks says nothing yet.
    if (!isKnown) return this.#batch * tasks
    // Each worker has one, and each that a CPU can keep busy has one that waits. If tasks are long, `tasks` is more than that.
    const usual = (this.#nJobs + this.#busyJobs) * current
    // A chunk that has reached the greatest size is over soon. With two of them a worker would run dry between two turns of the loop.
    const hasMany = !isFlexible || current >= ADAPTIVE_MAX
    const many = hasMany ? this.#nJobs * LIST_CHUNKS_PER_JOB * current : 0
    return this.#batch * Math.max(usual, tasks, many)
  }
}
