import { inspect, type InspectOptions } from 'node:util'

import { type Backend, type BackendListener, isInDaemonicTask, NO_TASKS, prepareBackend } from '../backend/index.js'
import { numberOfPool } from '../diagnostics/index.js'
import { loadOnDemand } from '../entry/load-on-demand.js'
import { DaemonicProcessError } from '../errors/index.js'
import { prepareFunction, prepareFunctionHere } from '../functions/index.js'
import type { PoolInsights } from '../insights/index.js'
import {
  describeMachine,
  type PoolSettings,
  type PoolSize,
  readJoinOptions,
  readPoolOptions,
  readResize
} from '../options/index.js'
import type { Insights, PoolStats, Trace, WorkerInfo } from '../types/index.js'
import { CallRegistry } from './call-registry.js'
import { Closing } from './closing.js'
import { PoolEventSource } from './events.js'
import { endWhenUnreachable, keepReachable, weaken } from './lifetime.js'
import { listenerOf } from './listener.js'
import { Resizing } from './resizing.js'
import { Setups } from './setups.js'
import { isRefused } from './worker-identity.js'
import { Traces } from './traces.js'
import { WorkerOutput } from './worker-output.js'

/** The parts of a pool, and its end. */
export class PoolCore {
  readonly output: WorkerOutput | undefined
  readonly events: PoolEventSource
  readonly insights: PoolInsights | undefined
  readonly traces: Traces
  /** What subscribers of diagnostics channels know it by. */
  readonly number: number = numberOfPool()
  protected settings: PoolSettings
  readonly #startBackend: (listener: BackendListener, size: PoolSize) => Backend
  readonly #isRefused: boolean
  protected readonly calls: CallRegistry = new CallRegistry(() => this.#onIdle())
  protected readonly closing: Closing
  readonly #listener: BackendListener
  protected readonly setups: Setups
  readonly #resizing: Resizing
  #backend: Backend | undefined

  /**
   * @throws TypeError or RangeError for a bad option.
   * @throws DaemonicProcessError in a task of a daemonic worker.
   */
  constructor(options: unknown) {
    this.#isRefused = isRefused()
    this.settings = readPoolOptions(options, describeMachine())
    if (this.settings.enableInsights) this.insights = new (loadOnDemand().PoolInsights)(this.settings.nJobs)
    this.#startBackend = prepareBackend(this.settings, this.insights?.workerFigures)
    this.#resizing = new Resizing(this.settings, this.calls, () => this.#backend)
    const { map, sharedObjects, stdio } = this.settings
    this.setups = new Setups(this.prepare, () => this.start(), map, sharedObjects)
    this.events = new PoolEventSource((isHeard) => keepReachable(this, isHeard && !this.isClosed))
    if (stdio === 'pipe') this.output = new WorkerOutput((...read) => this.#backend?.releaseOutput(...read))
    this.traces = new Traces(
      () => this.settings.nJobs,
      () => this.isClosed,
      (error) => this.events.traceFailed(error)
    )
    this.closing = new Closing(
      this.calls,
      () => this.#backend,
      () => {
        keepReachable(this, false)
        this.output?.end()
        void this.traces.end()
        this.events.closed()
      },
      (error) => this.events.exitFailed(error)
    )
    this.#listener = listenerOf(this, this.calls, this.closing, this.setups, () => this.#backend)
  }

  get isClosed(): boolean {
    return this.closing.isClosed
  }

  get workers(): readonly WorkerInfo[] {
    return this.#backend?.workers ?? []
  }

  get stats(): PoolStats {
    return this.#backend?.stats ?? NO_TASKS
  }

  protected get prepare(): typeof prepareFunction {
    return this.settings.nJobs === 0 ? prepareFunctionHere : prepareFunction
  }

  /** Finishes the accepted work and closes. */
  join(options: unknown): Promise<void> {
    this.checkAllowed()
    return this.#withTrace(this.closing.join(readJoinOptions(options).timeoutMs))
  }

  terminate(): Promise<void> {
    this.checkAllowed()
    return this.#withTrace(this.closing.terminate())
  }

  /** Closes gracefully if nothing is pending, otherwise terminates. */
  dispose(): Promise<void> {
    this.checkAllowed()
    return this.#withTrace(this.calls.isEmpty ? this.closing.join(undefined) : this.closing.terminate())
  }

  /** The end of the pool, and then that of its trace. */
  #withTrace(ended: Promise<void>): Promise<void> {
    return this.traces.isOpen ? this.#andTrace(ended) : ended
  }

  async #andTrace(ended: Promise<void>): Promise<void> {
    try {
      await ended
    } finally {
      await this.traces.end()
    }
  }

  trace(file: unknown): Promise<Trace> {
    this.checkOpen()
    return this.traces.begin(file)
  }

  get exitResults(): readonly unknown[] {
    return this.closing.exits.results
  }

  getInsights(): Insights {
    return this.insights?.get() ?? loadOnDemand().noInsights()
  }

  printInsights(): void {
    loadOnDemand().printInsights(this.getInsights())
  }

  recycle(): Promise<void> | undefined {
    this.checkOpen()
    return this.#backend?.recycle()
  }

  /** Calls that are made from now on have the new number of workers. */
  resize(nJobs: unknown, options: unknown): Promise<void> {
    this.checkOpen()
    const size = readResize(nJobs, options, this.settings, describeMachine())
    this.insights?.grow(size.nJobs)
    this.traces.current?.grow(size.nJobs)
    this.settings = { ...this.settings, ...size }
    return this.#resizing.to(size)
  }

  /** The last open call has ended. */
  #onIdle(): void {
    if (!this.settings.keepAlive && !this.isClosed) void this.#backend?.recycle()
    this.closing.onIdle()
  }

  /** The text that `console.log` shows. */
  describe(name: string, options: InspectOptions): string {
    const shown = { nJobs: this.settings.nJobs, state: this.closing.state, stats: this.stats, workers: this.workers }
    return `${name} ${inspect(shown, options)}`
  }

  protected checkAllowed(): void {
    if (this.#isRefused) throw new DaemonicProcessError()
  }

  protected checkOpen(): void {
    this.checkAllowed()
    if (isInDaemonicTask()) throw new DaemonicProcessError()
    if (this.isClosed) throw this.closing.refusal()
  }

  protected start(): Backend {
    if (this.#backend === undefined) {
      this.#backend = this.#startBackend(weaken(this.#listener), this.settings)
      endWhenUnreachable(this, this.#backend)
    }
    return this.#backend
  }
}
