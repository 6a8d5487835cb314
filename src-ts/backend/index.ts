import type { FunctionDefinition } from '../functions/index.js'
import type { Reader, Writer } from '../codec/index.js'
import type { LifeFailure, TaskItems } from '../errors/index.js'
import type { FigureRegions } from '../protocol/index.js'
import type { PoolStats, WorkerExit, WorkerInfo } from '../types/index.js'

/**
 * The seam between the API and what runs the tasks. Order, iterators, progress and errors are above it, processes below. There are two
 * implementations: `local/local-backend.ts`, and `inline/inline-backend.ts` for `nJobs: 0`.
 */
export interface Backend {
  /** Defines a function. Equal definitions get the same id. */
  define(definition: FunctionDefinition): number
  /** Defines a function for one call, which releases the id at its end. */
  defineForCall(definition: FunctionDefinition): number
  /** Forgets a definition of {@linkcode defineForCall}. */
  release(definition: number): void
  /** Defines what workers do before their first task and when they leave, for the calls that name it. */
  defineSetup(setup: SetupDefinition): number
  /** Forgets a setup. Calls that name it keep it. */
  releaseSetup(setup: number): void
  /** Opens a batch of chunks. Nothing is submitted before `send`. */
  open(): Batch
  /** Drops the rest of a call. Without `stop`, running tasks end by themselves and their results are discarded. */
  cancel(call: number, stop?: Stop): void
  /** Whether one more `apply` is accepted if at most `limit` calls may wait. A call that a free worker will take does not wait. */
  hasRoom(limit: number): boolean
  /** Replaces each worker after its running task. Resolves when these processes have ended. They keep the program alive. */
  recycle(): Promise<void>
  /**
   * Changes the number of workers and the CPUs of each. Workers without a place leave after their running task, and workers whose CPUs
   * change are replaced. Resolves when these processes have ended. They keep the program alive.
   */
  resize(nJobs: number, cpuIds: readonly (readonly number[])[]): Promise<void>
  /** Lets idle workers leave. Resolves when these processes have ended. They keep the program alive. */
  leave(): Promise<void>
  /** Finishes the accepted work, then lets the workers leave. Then it calls `closed` of the listener. */
  close(): void
  /** Kills all workers. Within a second it calls `closed` of the listener. */
  terminate(): void
  /** Tells the back end that bytes of the workers' output were consumed. */
  releaseOutput(stream: number, bytes: number): void
  readonly stats: PoolStats
  readonly workers: readonly WorkerInfo[]
  /** The worker of this id, if it has a process. */
  worker(id: number): WorkerInfo | undefined
}

/** What workers do before their first task and when they leave. Each part runs once per worker, however many setups have it. */
export interface SetupDefinition {
  /** Returns the shared objects. The same object for all setups of the pool. */
  readonly shared: FunctionDefinition | undefined
  readonly init: SetupFunction | undefined
  /** Milliseconds that a worker has to set itself up, or 0 for no limit. */
  readonly initTimeoutMs: number
  readonly exit: SetupFunction | undefined
  /** Milliseconds that a worker has for its exit functions. */
  readonly exitTimeoutMs: number
}

/** A function that runs once per worker. */
export interface SetupFunction {
  /** Equal keys mean the same function with the same values. */
  readonly key: string
  readonly definition: FunctionDefinition
}

/** Memory in which workers note what they do, for insights. */
export interface WorkerFigures {
  /** By these other processes find it. */
  readonly regions: FigureRegions | undefined
  /** If this process is the worker. */
  readonly own: ArrayBuffer | undefined
}

/** How running tasks are stopped. */
export interface Stop {
  /** The reason that the tasks receive, if it can be sent. With undefined they receive an AbortError. */
  readonly reason: unknown
  /** Milliseconds after which the workers of tasks that still run are killed. With 0 they are killed at once. */
  readonly graceMs: number
}

/** The limits of each task of a call. */
export interface TaskLimits {
  /** Milliseconds from when its worker begins the task until its result is here, or 0 for no limit. A late task is lost. */
  readonly timeoutMs: number
  /** The most tasks that its worker may have run since its start, including this one, or 0 for no limit. */
  readonly lifespan: number
  /** How often the task runs again after its worker died or it was late. */
  readonly retries: number
}

/** The header of a chunk for the back end. */
export interface ChunkHeader {
  /** The call. */
  readonly call: number
  /** The chunk within the call. */
  readonly chunk: number
  /** The number of tasks in its payload. */
  readonly count: number
  readonly definition: number
  /** Flags of `protocol/frames.ts`. */
  readonly flags: number
  readonly limits: TaskLimits
  /** What its worker does before, by the number of {@linkcode Backend.defineSetup}, or 0. */
  readonly setup: number
  /** The only worker that may run it, if any. */
  readonly only: number | undefined
}

/** Gathers chunks and submits them together. */
export interface Batch {
  /** Starts a chunk. Its payload is the index of its first task as a double, then the items, one value after the other. */
  begin(): Writer
  /** Ends the chunk. */
  commit(header: ChunkHeader): void
  /** Forgets the chunk. */
  abandon(): void
  /** The number of bytes of the chunks so far. */
  readonly bytes: number
  /** Forgets all chunks. After that the batch must not be used. */
  discard(): void
  /** Submits the chunks. After that the batch must not be used. */
  send(): void
}

/** A lost task, as its call knows it. */
export interface LostTask extends TaskItems {
  /** Its position in the chunk. */
  readonly position: number
}

/** Makes the error of a lost task. It notes the task where `taskInfo` finds it, if a worker had the task. */
export type MakeError = (task: LostTask) => Error

/** Receives the outcomes of one call. An error that `outcome` or `lost` throws is passed to `abort`. The other methods must not throw. */
export interface OutcomeListener {
  /** Fails the call as a whole. With `kill`, running tasks are notified, and their workers killed after `killGrace`. */
  abort(error: unknown, kill: boolean): void
  /**
   * Tasks `first` to `first + count - 1` of a chunk have ended. The reader is at `count` results, or at the one failure: its origin,
   * then the error. `isLast` says that this is the last outcome of the chunk. `attempt` counts from 1.
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
  /** Tasks of a chunk are lost. `culprit` is the running task, if any. */
  lost(chunk: number, first: number, count: number, error: MakeError, culprit: number | undefined): void
  /** All outcomes that were read together have been passed on. The call can now send more. A call that sends nothing more has none. */
  afterBatch?(): void
}

/** Receives everything that belongs to no call. No method may throw. */
export interface BackendListener {
  find(call: number): OutcomeListener | undefined
  workerStart(id: number, pid: number): void
  /** The worker with the pid has written to its stdout (0) or stderr (1). Without a stream: it has ended. */
  workerOutput(stream: number | undefined, pid: number, bytes?: Buffer): void
  /** An error outside any task has ended a worker. */
  workerError(error: unknown, worker: WorkerInfo): void
  workerExit(worker: WorkerInfo, exit: WorkerExit): void
  /** A worker could not set itself up. The tasks of all calls that name this setup are gone, and nothing more is said of them. */
  setupFailed(setup: number, failure: LifeFailure): void
  /** An exit function has returned this. */
  exitResult(value: unknown): void
  /** An exit function has failed. */
  exitFailed(failure: LifeFailure): void
  /** The back end has failed. It ends all workers, and then calls `closed`. */
  failed(reason: string): void
  closed(): void
}

export { keepAlive } from './keep-alive.js'
export { isInDaemonicTask } from './inline/task-scope.js'
export { NO_TASKS, prepareBackend } from './prepare-backend.js'
