import { inspect, type InspectOptions } from 'node:util'

import { type Backend, type BackendListener, isInDaemonicTask, NO_TASKS, prepareBackend } from '../backend/index.js'
import {
  CallSite,
  type LazyKind,
  LazyResults,
  type ListKind,
  makeApplyCall,
  makeListSink,
  makeMapCall,
  makeWarmCall,
  type MapCall,
  type MapKind,
  type Sink,
  throwIfAborted,
  type WarmOrder,
  withProgress
} from '../calls/index.js'
import {
  atEntry,
  DaemonicProcessError,
  type Entry,
  invalidOption,
  promiseAtEntry,
  QueueFullError
} from '../errors/index.js'
import {
  type ApplySettings,
  checkInline,
  describeMachine,
  type MapSettings,
  type PoolSettings,
  readApplyOptions,
  readJoinOptions,
  readMapOptions,
  readPoolOptions
} from '../options/index.js'
import { checkFunction, prepareFunction, prepareFunctionHere } from '../functions/index.js'
import { Array, Math } from '../primordials.js'
import type { PoolStats, WorkerInfo } from '../types/index.js'
import { CallRegistry } from './call-registry.js'
import { Closing } from './closing.js'
import { connect, openMap } from './connect.js'
import { PoolEventSource } from './events.js'
import { endWhenUnreachable, keepReachable, weaken } from './lifetime.js'
import { isRefused, isWorker } from './worker-identity.js'
import { WorkerOutput } from './worker-output.js'

export type MapArguments = readonly [fn: unknown, items: unknown, options: unknown]

/** The state behind a `WorkerPool`. Methods that may fail take the public method as `entry`: errors point at its caller. */
export class PoolState {
  readonly output: WorkerOutput | undefined
  readonly events: PoolEventSource
  readonly #settings: PoolSettings
  readonly #startBackend: (listener: BackendListener) => Backend
  readonly #isRefused: boolean
  readonly #calls: CallRegistry = new CallRegistry(() => this.#closing.onIdle())
  readonly #closing: Closing
  readonly #listener: BackendListener = {
    find: (id) => this.#calls.find(id),
    workerStart: (id, pid) => this.events.workerStarted(id, pid, () => this.#backend?.worker(id)),
    workerError: (error, worker) => this.events.workerFailed(error, worker),
    workerOutput: (...output) => this.output?.take(...output),
    workerExit: (...exit) => this.events.workerExited(...exit),
    failed: (reason) => this.events.poolFailed(this.#closing.fail(reason)),
    closed: () => this.#closing.onClosed()
  }
  #backend: Backend | undefined

  /**
   * @throws TypeError or RangeError for a bad option.
   * @throws DaemonicProcessError in a task of a daemonic worker.
   */
  constructor(options: unknown) {
    this.#isRefused = isRefused()
    this.#settings = readPoolOptions(options, describeMachine())
    this.#startBackend = prepareBackend(this.#settings)
    this.events = new PoolEventSource((isHeard) => keepReachable(this, isHeard && !this.isClosed))
    if (this.#settings.stdio === 'pipe') {
      this.output = new WorkerOutput((stream, bytes) => this.#backend?.releaseOutput(stream, bytes))
    }
    this.#closing = new Closing(
      this.#calls,
      () => this.#backend,
      () => {
        keepReachable(this, false)
        this.output?.end()
        this.events.closed()
      }
    )
  }

  get isClosed(): boolean {
    return this.#closing.isClosed
  }

  get workers(): readonly WorkerInfo[] {
    return this.#backend?.workers ?? []
  }

  get stats(): PoolStats {
    return this.#backend?.stats ?? NO_TASKS
  }

  /** Opens a call that returns a promise of a list. */
  list(entry: Entry, kind: ListKind, [fn, items, options]: MapArguments): Promise<never[]> {
    return promiseAtEntry(entry, (resolve, reject) => {
      const settings = this.#readMap(options)
      throwIfAborted(settings.signal)
      const sink = withProgress(makeListSink(kind, settings.withIndex, resolve, reject), settings, isWorker)
      const call = this.#makeCall(kind, fn, items, settings, sink, new CallSite(entry, fn))
      openMap(this.#calls, call, sink, settings.signal)
    })
  }

  /** Makes a call that opens when its iterator is first read. */
  iterate(entry: Entry, kind: LazyKind, [fn, items, options]: MapArguments): LazyResults {
    return atEntry(entry, () => {
      const settings = this.#readMap(options)
      const results = new LazyResults(kind, settings.withIndex)
      const sink = withProgress(results, settings, isWorker)
      const call = this.#makeCall(kind, fn, items, settings, sink, new CallSite(entry, fn))
      connect(results, call, { sink, calls: this.#calls, signal: settings.signal, isClosed: () => this.isClosed })
      return results
    })
  }

  /** Opens a call of one task. Its site is made first of all, because each frame between it and the caller costs time. */
  apply(entry: Entry, fn: unknown, args: unknown, options: unknown): Promise<never> {
    return this.#apply(entry, new CallSite(entry, fn), fn, args, () => this.#readApply(options))
  }

  /** Makes a function that runs one task per call. It only fails for a bad argument, because modules wrap functions while they load. */
  wrap(entry: Entry, fn: unknown, options: unknown): (...args: readonly unknown[]) => Promise<never> {
    return atEntry(entry, () => {
      checkFunction(fn)
      const settings = this.#readApply(options)
      const wrapped = (...args: readonly unknown[]): Promise<never> =>
        this.#apply(wrapped, new CallSite(wrapped, fn, 'wrap'), fn, args, () => settings)
      return wrapped
    })
  }

  #apply(entry: Entry, site: CallSite, fn: unknown, args: unknown, read: () => ApplySettings): Promise<never> {
    return promiseAtEntry(entry, (resolve, reject) => {
      this.#checkOpen()
      const settings = read()
      throwIfAborted(settings.signal)
      if (!Array.isArray(args)) throw invalidOption('type', 'args', args, 'an array of arguments')
      const backend = this.#start()
      const { maxQueue } = this.#settings
      if (maxQueue !== undefined && !backend.hasRoom(maxQueue)) throw new QueueFullError(maxQueue)
      const call = makeApplyCall({
        id: this.#calls.nextId(),
        backend,
        fn,
        prepare: this.#prepare,
        args,
        settings,
        resolve: resolve as (value: unknown) => void,
        reject,
        site,
        onEnd: this.#calls.remove
      })
      this.#calls.open(call, settings.signal)
    })
  }

  /** Opens a call by which every worker loads the functions. */
  warm(entry: Entry, functions: readonly unknown[]): Promise<void> {
    return promiseAtEntry<void>(entry, (resolve, reject) => {
      this.#checkOpen()
      const { signal } = this.#readApply(undefined)
      throwIfAborted(signal)
      const own = this.#ofCall(this.#settings.nJobs)
      this.#calls.open(makeWarmCall({ ...own, entry, functions, resolve, reject }), signal)
    })
  }

  /** Finishes the accepted work and closes. */
  join(options: unknown): Promise<void> {
    this.#checkAllowed()
    return this.#closing.join(readJoinOptions(options).timeoutMs)
  }

  terminate(): Promise<void> {
    this.#checkAllowed()
    return this.#closing.terminate()
  }

  /** Closes gracefully if nothing is pending, otherwise terminates. */
  dispose(): Promise<void> {
    this.#checkAllowed()
    return this.#calls.isEmpty ? this.#closing.join(undefined) : this.#closing.terminate()
  }

  recycle(): Promise<void> | undefined {
    this.#checkOpen()
    return this.#backend?.recycle()
  }

  /** The text that `console.log` shows. */
  describe(name: string, options: InspectOptions): string {
    const shown = { nJobs: this.#settings.nJobs, state: this.#closing.state, stats: this.stats, workers: this.workers }
    return `${name} ${inspect(shown, options)}`
  }

  #makeCall(kind: MapKind, fn: unknown, items: unknown, settings: MapSettings, sink: Sink, site: CallSite): MapCall {
    const own = this.#ofCall(Math.max(this.#settings.nJobs, 1))
    return makeMapCall({ ...own, kind, fn, items, sink, settings, site })
  }

  #ofCall(nJobs: number): Pick<WarmOrder, 'id' | 'onEnd' | 'nJobs' | 'prepare' | 'openBackend'> {
    const { remove: onEnd } = this.#calls
    return { id: this.#calls.nextId(), onEnd, nJobs, prepare: this.#prepare, openBackend: () => this.#start() }
  }

  #readMap(options: unknown): MapSettings {
    this.#checkOpen()
    return checkInline(readMapOptions(options, this.#settings.map), this.#settings.nJobs)
  }

  get #prepare(): typeof prepareFunction {
    return this.#settings.nJobs === 0 ? prepareFunctionHere : prepareFunction
  }

  #readApply(options: unknown): ApplySettings {
    return checkInline(readApplyOptions(options, this.#settings.map), this.#settings.nJobs)
  }

  #checkAllowed(): void {
    if (this.#isRefused) throw new DaemonicProcessError()
  }

  #checkOpen(): void {
    this.#checkAllowed()
    if (isInDaemonicTask()) throw new DaemonicProcessError()
    if (this.isClosed) throw this.#closing.refusal()
  }

  #start(): Backend {
    if (this.#backend === undefined) {
      this.#backend = this.#startBackend(weaken(this.#listener))
      endWhenUnreachable(this, this.#backend)
    }
    return this.#backend
  }
}
