import { EventEmitter } from 'node:events'
import { inspect } from 'node:util'

import { invalidOption, warn } from '../errors/index.js'
import { Error, Set, String, queueMicrotask } from '../primordials.js'
import type { PoolEvents, WorkerExit, WorkerInfo } from '../types/index.js'

const EVENTS: ReadonlySet<unknown> & Iterable<string> = new Set([
  'workerStart',
  'workerExit',
  'error',
  'close'
] satisfies (keyof PoolEvents)[])
const INSPECT = { depth: 1, customInspect: false, maxStringLength: 200, maxArrayLength: 8 }

/** The events of a pool. Listeners run one by one, so an error that a listener throws is an uncaught exception. */
export class PoolEventSource {
  readonly #emitter = new EventEmitter()
  readonly #onAdded: () => void

  /** @param onListeners Called after each change with whether there are listeners. */
  constructor(onListeners: (isHeard: boolean) => void) {
    // The number of listeners is up to the user.
    this.#emitter.setMaxListeners(0)
    const update = (): void => onListeners(this.#isHeard)
    this.#onAdded = update
    // Node emits this for a `once` listener as well, when it is called.
    this.#emitter.on('removeListener', update)
  }

  /** Adds a listener, or removes the one that was added last. */
  change(how: 'on' | 'once' | 'off', event: unknown, listener: unknown): void {
    if (!EVENTS.has(event)) {
      const allowed = "'workerStart', 'workerExit', 'error' or 'close'"
      throw invalidOption(typeof event === 'string' ? 'range' : 'type', 'event', event, allowed)
    }
    if (typeof listener !== 'function') throw invalidOption('type', 'listener', listener, 'a function')
    this.#emitter[how](event as keyof PoolEvents, listener as (...args: unknown[]) => void)
    if (how !== 'off') this.#onAdded()
  }

  get #isHeard(): boolean {
    let isHeard = false
    for (const event of EVENTS) isHeard ||= this.#emitter.listenerCount(event) > 0
    return isHeard
  }

  /** @param find Returns the worker of this id. It is called only if there are listeners. */
  workerStarted(id: number, pid: number, find: () => WorkerInfo | undefined): void {
    if (this.#emitter.listenerCount('workerStart') === 0) return
    const worker = find()
    // The worker may have ended already, or have been replaced. Each exit event still has its start event.
    this.#emit(
      'workerStart',
      worker?.pid === pid ? worker : { id, pid, state: 'leaving', cpus: [], tasksDone: 0, rss: 0 }
    )
  }

  /** Without a listener it is a warning, not an uncaught error. */
  workerFailed(reason: unknown, worker: WorkerInfo): void {
    const what = `an unhandled error outside any task ended worker ${worker.id} (pid ${worker.pid})`
    const isError = reason instanceof Error
    const error = isError ? reason : new Error(`${what}: ${inspect(reason, INSPECT)}`, { cause: reason })
    if (this.#emitter.listenerCount('error') > 0) this.#emit('error', error, worker)
    else {
      const text = isError ? `${what}: ${String(error)}` : error.message
      warn('MILLRACE_WORKER_ERROR', text, isError ? error.stack : undefined)
    }
  }

  /** The same as {@linkcode workerFailed}, for an error that ended the whole pool. */
  poolFailed(error: Error): void {
    if (this.#emitter.listenerCount('error') > 0) this.#emit('error', error)
    else warn('MILLRACE_POOL_FAILED', error.message)
  }

  /** The same for the file of a trace that cannot be written. */
  traceFailed(error: Error): void {
    if (this.#emitter.listenerCount('error') > 0) this.#emit('error', error)
    else warn('MILLRACE_TRACE', error.message)
  }

  /** The same for an exit function of a worker. */
  exitFailed(error: Error): void {
    if (this.#emitter.listenerCount('error') > 0) this.#emit('error', error)
    else warn('MILLRACE_WORKER_EXIT', error.message)
  }

  workerExited(worker: WorkerInfo, exit: WorkerExit): void {
    this.#emit('workerExit', worker, exit)
  }

  closed(): void {
    this.#emit('close')
  }

  #emit<E extends keyof PoolEvents>(event: E, ...args: PoolEvents[E]): void {
    queueMicrotask(() => this.#emitter.emit(event, ...args))
  }
}
