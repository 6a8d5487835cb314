import { channel } from 'node:diagnostics_channel'

import { Map } from '../primordials.js'
import type { TaskMessage, WorkerExit, WorkerMessage } from '../types/index.js'

const taskStart = channel('millrace:task:start')
const taskEnd = channel('millrace:task:end')
const taskError = channel('millrace:task:error')
const workerStart = channel('millrace:worker:start')
const workerExit = channel('millrace:worker:exit')

let pools = 0
let calls = 0

/** A number for a pool, by which subscribers tell pools apart. */
export function numberOfPool(): number {
  return ++pools
}

/** A worker of a pool is ready. */
export function reportWorkerStart(pool: number, workerId: number, pid: number): void {
  if (workerStart.hasSubscribers) workerStart.publish({ pool, workerId, pid } satisfies WorkerMessage)
}

/** The process of a worker has ended. */
export function reportWorkerExit(pool: number, workerId: number, pid: number, exit: WorkerExit): void {
  if (workerExit.hasSubscribers) workerExit.publish({ pool, workerId, pid, exit } satisfies WorkerMessage)
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Reports the tasks of one call. A subscriber that throws is an uncaught exception, as Node does it, and not an error of the call. */
export class TaskReports {
  readonly #call = { pool: 0, call: ++calls, method: '', name: '' }
  /** The messages of the tasks that were sent and have not ended. */
  readonly #open = new Map<number, Writable<TaskMessage>>()

  constructor(pool: number, method: string, fn: unknown) {
    const name = typeof fn === 'function' ? fn.name : ''
    this.#call = { pool, call: this.#call.call, method, name }
  }

  /** The tasks of these items were sent. */
  sent(first: number, count: number): void {
    for (let index = first; index < first + count; index++) this.#start(index)
  }

  ended(index: number): void {
    const message = this.#take(index)
    taskEnd.publish(message)
  }

  failed(index: number, error: unknown): void {
    const message = this.#take(index)
    message.error = error
    taskError.publish(message)
  }

  /** Reports the only task of a call, and then passes its result on. */
  before<T>(resolve: (value: T) => void): (value: unknown) => void {
    return (value) => {
      this.ended(0)
      resolve(value as T)
    }
  }

  /** The same for its error. */
  beforeError(reject: (error: unknown) => void): (error: unknown) => void {
    return (error) => {
      this.failed(0, error)
      reject(error)
    }
  }

  /** The call has ended, with this error if it has one. Nothing more comes of the tasks that are still open. */
  closed(error: unknown): void {
    for (const index of this.#open.keys()) this.failed(index, error)
  }

  #start(index: number): Writable<TaskMessage> {
    const message = { ...this.#call, index }
    this.#open.set(index, message)
    taskStart.publish(message)
    return message
  }

  /** A task that could not be sent has no message yet. */
  #take(index: number): Writable<TaskMessage> {
    const message = this.#open.get(index) ?? this.#start(index)
    this.#open.delete(index)
    return message
  }
}

/** Who reports the tasks of a call that is made now. Nobody if nobody has subscribed. */
export function openReports(pool: number, method: string, fn: unknown): TaskReports | undefined {
  const isHeard = taskStart.hasSubscribers || taskEnd.hasSubscribers || taskError.hasSubscribers
  return isHeard ? new TaskReports(pool, method, fn) : undefined
}
