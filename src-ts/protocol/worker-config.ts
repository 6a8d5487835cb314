/** What a pool tells its workers when it starts them. */
export interface WorkerConfig {
  readonly daemon: boolean
  /** Its output comes to the pool. */
  readonly isPiped: boolean
  /** Resident bytes; a worker that uses more is replaced. */
  readonly maxWorkerMemory?: number
}

/** Closes the pools of a worker; resolves when their workers are gone. */
export type ClosePools = () => Promise<void>
