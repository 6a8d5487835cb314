import type { WorkerExit } from './state.js'

/**
 * What the channels `millrace:task:start`, `millrace:task:end` and `millrace:task:error` publish. A task has the same object on all of them,
 * so that a subscriber can keep something with it.
 */
export interface TaskMessage {
  /** A number that tells the pools of this process apart. */
  readonly pool: number
  /** A number that tells the calls of this process apart. */
  readonly call: number
  /** The method of the pool, such as `map` or `apply`. */
  readonly method: string
  /** The name of the function; empty for a reference. */
  readonly name: string
  /** The index of the item. With `batch`, each item of a batch has a message of its own. */
  readonly index: number
  /** On `millrace:task:error`, why it failed, or why its call has ended before. Undefined if an iterator was left. */
  readonly error?: unknown
}

/** What the channels `millrace:worker:start` and `millrace:worker:exit` publish. */
export interface WorkerMessage {
  /** A number that tells the pools of this process apart. */
  readonly pool: number
  /** The id of the worker. */
  readonly workerId: number
  readonly pid: number
  /** On `millrace:worker:exit`, how it ended. */
  readonly exit?: WorkerExit
}
