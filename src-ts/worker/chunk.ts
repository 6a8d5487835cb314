/** A chunk as its frame describes it. */
export interface Chunk {
  readonly seq: number
  /** Number of task `from` in the claim word. */
  readonly firstTask: number
  /** Index in the payload of the first task to run. */
  readonly from: number
  /** Tasks in the payload. */
  readonly count: number
  readonly definition: number
  readonly flags: number
}

/** How far a chunk has come. */
export interface Progress {
  /** The first task that has not ended. */
  index: number
  /** Whether that task has begun. */
  isRunning: boolean
}
