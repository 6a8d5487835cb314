import { EventEmitter } from 'node:events'
import { inspect } from 'node:util'

import { invalidOption, warn } from '../errors/index.js'
import { Error, Set, String, queueMicrotask } from '../primordials.js'
import type { PoolEvents, WorkerInfo } from '../types/index.js'

const EVENTS: ReadonlySet<unknown> & Iterable<string> = new Set([
  'workerStart',
  'workerExit',
  'error',
  'close'
] satisfies (keyof PoolEvents)[])
const INSPECT = { depth: 1, customInspect: false, maxStringLength: 200, maxArrayLength: 8 }

/** The events of a pool. Listeners run on their own: what they throw is an uncaught exception, as of any listener. */
export class PoolEventSource {
  readonly #emitter = new EventEmitter()
  readonly #onAdded: () => void

  /** @param onListeners Told after each change whether anybody listens. */
  constructor(onListeners: (isHeard: boolean) => void) {
    // How many listen is the user's affair.
    this.#emitter.setMaxListeners(0)
    const update = (): void => onListeners(this.#isHeard)
    this.#onAdded = update
    // Node tells of a listener that was added once when it is called, too.
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

  /** `find` asks for the worker of this id; it is called only where somebody listens. */
  workerStarted(id: number, pid: number, find: () => WorkerInfo | undefined): void {
    if (this.#emitter.listenerCount('workerStart') === 0) return
    const worker = find()
    // It may be gone already, even replaced: each exit that listeners are told of has its start all the same.
    this.#emit(
      'workerStart',
      worker?.pid === pid ? worker : { id, pid, state: 'leaving', cpus: [], tasksDone: 0, rss: 0 }
    )
  }

  /** Without a listener it is a warning, not an error of the process. */
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

  /** As {@linkcode workerFailed}: of an error that ended the whole pool. */
  poolFailed(error: Error): void {
    if (this.#emitter.listenerCount('error') > 0) this.#emit('error', error)
    else warn('MILLRACE_POOL_FAILED', error.message)
  }

  workerExited(worker: WorkerInfo, exitCode: number | null, signal: string | null): void {
    this.#emit('workerExit', worker, { exitCode, signal })
  }

  closed(): void {
    this.#emit('close')
  }

  #emit<E extends keyof PoolEvents>(event: E, ...args: PoolEvents[E]): void {
    queueMicrotask(() => this.#emitter.emit(event, ...args))
  }
}
