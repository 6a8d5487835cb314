import type { FigureRegions } from './figures.js'

/** What a pool tells its workers when it starts them. */
export interface WorkerConfig {
  readonly daemon: boolean
  /** What the parent's code was built from; see `build.ts`. */
  readonly build: string
  /** The parent's Node.js, where its workers are to be the same one. */
  readonly node?: string
  /** Whether the worker's output goes to the pool. */
  readonly isPiped: boolean
  /** Resident bytes. A worker that uses more is replaced. */
  readonly maxWorkerMemory?: number
  /** Where the figures of insights are. */
  readonly figures?: FigureRegions
}

/** Closes a pool that tasks of a worker have made. Resolves when the workers of that pool are gone. */
export type ClosePools = () => Promise<void>
