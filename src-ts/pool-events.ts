import { EventEmitter } from 'node:events'

import type { PoolEvents, WorkerInfo } from './types.js'

/** The events of a pool. Listeners run on their own: what they throw is an uncaught exception, as of any listener. */
export class PoolEventSource {
  readonly #emitter = new EventEmitter()

  on<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): void {
    // EventEmitter checks the listener and throws its usual TypeError.
    this.#emitter.on(event, listener as unknown as (...args: unknown[]) => void)
  }

  /** `workers` lists those that are there; it is called only where somebody listens. */
  workerStarted(id: number, pid: number, workers: () => readonly WorkerInfo[]): void {
    if (this.#emitter.listenerCount('workerStart') === 0) return
    const worker = workers().find((info) => info.id === id && info.pid === pid)
    // It may be gone already, even replaced: each exit that listeners are told of has its start all the same.
    this.#emit('workerStart', worker ?? { id, pid, state: 'leaving', cpus: [], tasksDone: 0, rss: 0 })
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
