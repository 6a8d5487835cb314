import type { FunctionDefinition } from '../functions/index.js'
import type { Reader, Writer } from '../codec/index.js'
import type { TaskItems } from '../errors/index.js'
import type { PoolStats, WorkerInfo } from '../types/index.js'

/**
 * The seam between the API and what runs the tasks. All of order, iterators, progress and errors is above it, all of
 * processes below. There are two implementations: `local/local-backend.ts`, and for `nJobs: 0` `inline/inline-backend.ts`.
 */
export interface Backend {
  /** Makes a function known; equal definitions get the same id. */
  define(definition: FunctionDefinition): number
  /** Makes a function known to one call, which releases the id at its end. */
  defineForCall(definition: FunctionDefinition): number
  /** Forgets what {@linkcode defineForCall} made known. */
  release(definition: number): void
  /** Opens a batch of chunks. Nothing is handed over before `send`. */
  open(): Batch
  /** Drops what is left of a call. Without `stop`, tasks that run end, and are discarded. */
  cancel(call: number, stop?: Stop): void
  /** Whether one more call of `apply` may wait where `limit` may: one that a free worker will take does not wait. */
  hasRoom(limit: number): boolean
  /** Replaces the workers, each after the task it runs; resolves when these processes have ended. They keep the program alive. */
  recycle(): Promise<void>
  /** Lets idle workers leave; resolves when these processes have ended. They keep the program alive. */
  leave(): Promise<void>
  /** Finishes what was accepted, then lets the workers leave; `closed` of the listener follows. */
  close(): void
  /** Kills all workers; `closed` of the listener follows within a second. */
  terminate(): void
  /** Bytes of the workers' output have been taken care of. */
  releaseOutput(stream: number, bytes: number): void
  readonly stats: PoolStats
  readonly workers: readonly WorkerInfo[]
  /** The worker of this id, if it has a process. */
  worker(id: number): WorkerInfo | undefined
}

/** How tasks that run are stopped. */
export interface Stop {
  /** What they are told, where it can be sent; undefined: that they were aborted. */
  readonly reason: unknown
  /** Milliseconds after which workers that are still on them are killed; with 0 at once. */
  readonly graceMs: number
}

/** What each task of a call is held to. */
export interface TaskLimits {
  /** Milliseconds from when its worker begins it until its result is here; 0: no limit. A late one is lost. */
  readonly timeoutMs: number
  /** Tasks that its worker may have run since its start, this one included; 0: no limit. */
  readonly lifespan: number
  /** How often it runs again when its worker dies or it is late. */
  readonly retries: number
}

/** A chunk as the backend has to know it. */
export interface ChunkHeader {
  /** The call. */
  readonly call: number
  /** The chunk within the call. */
  readonly chunk: number
  /** Tasks in its payload. */
  readonly count: number
  readonly definition: number
  /** Flags of `protocol/frames.ts`. */
  readonly flags: number
  readonly limits: TaskLimits
  /** The only worker that may run it, if any. */
  readonly only: number | undefined
}

/** Chunks under construction. */
export interface Batch {
  /** Starts a chunk. Its payload is the index of its first task as a double, then the items, one value after the other. */
  begin(): Writer
  /** Ends the chunk. */
  commit(header: ChunkHeader): void
  /** Forgets the chunk. */
  abandon(): void
  /** Bytes of the chunks so far. */
  readonly bytes: number
  /** Hands the chunks over. The batch must not be used any more. */
  send(): void
}

/** A task that is lost, as its call knows it. */
export interface LostTask extends TaskItems {
  /** Its position in the chunk. */
  readonly position: number
}

/** Makes the error of a lost task. It notes the task where `taskInfo` finds it, if a worker had the task. */
export type MakeError = (task: LostTask) => Error

/** Who waits for the outcomes of one call. What `outcome` or `lost` throws is given to `abort`; the others may not throw. */
export interface OutcomeListener {
  /** Fails the call as a whole. `kill`: tasks that run are told, and their workers killed after the call's grace. */
  abort(error: unknown, kill: boolean): void
  /**
   * Tasks `first` to `first + count - 1` of a chunk have ended. The reader stands at `count` results, or at the one
   * failure: its origin, then the error. `isLast`: nothing more comes of this chunk. `attempt` counts from 1.
   */
  outcome(
    chunk: number,
    first: number,
    count: number,
    isFailure: boolean,
    isLast: boolean,
    elapsedUs: number,
    reader: Reader,
    attempt: number
  ): void
  /** Tasks of a chunk are lost. `culprit` is the task that was running, if one was. */
  lost(chunk: number, first: number, count: number, error: MakeError, culprit: number | undefined): void
  /** All outcomes that were read together have been passed on. The call can now send more. */
  afterBatch(): void
}

/** Who hears of everything that belongs to no call. No method may throw. */
export interface BackendListener {
  find(call: number): OutcomeListener | undefined
  workerStart(id: number, pid: number): void
  /** The worker of that pid has written to its stdout (0) or stderr (1); undefined: it has ended. */
  workerOutput(stream: number | undefined, pid: number, bytes?: Buffer): void
  /** An error outside of any task ends a worker. */
  workerError(error: unknown, worker: WorkerInfo): void
  workerExit(worker: WorkerInfo, exitCode: number | null, signal: string | null): void
  /** The backend cannot go on; it ends all workers, and `closed` follows. */
  failed(reason: string): void
  closed(): void
}

export { keepAlive } from './keep-alive.js'
export { isInDaemonicTask } from './inline/task-scope.js'
export { NO_TASKS, prepareBackend } from './prepare-backend.js'
