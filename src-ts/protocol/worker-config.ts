/** What a pool tells its workers when it starts them. */
export interface WorkerConfig {
  readonly daemon: boolean
  /** Whether the worker's output goes to the pool. */
  readonly isPiped: boolean
  /** Resident bytes. A worker that uses more is replaced. */
  readonly maxWorkerMemory?: number
}

/** Closes a pool that tasks of a worker have made. Resolves when the workers of that pool are gone. */
export type ClosePools = () => Promise<void>
