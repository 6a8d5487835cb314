import { type Backend, type BackendListener, NO_TASKS, prepareBackend } from '../backend/index.js'
import {
  CallSite,
  CompletionSink,
  type LazyKind,
  LazyResults,
  type ListKind,
  makeApplyCall,
  makeMapCall,
  type MapCall,
  type MapKind,
  OrderedSink,
  SettledSink,
  type Sink,
  type SinkClass,
  throwIfAborted
} from '../calls/index.js'
import { connect } from './connect.js'
import { CallRegistry } from './call-registry.js'
import { Closing } from './closing.js'
import { atEntry, DaemonicProcessError, invalidOption, promiseAtEntry, QueueFullError } from '../errors/index.js'
import { endWhenUnreachable, keepReachable, weaken } from './lifetime.js'
import {
  describeMachine,
  type MapSettings,
  type PoolSettings,
  readApplyOptions,
  readJoinOptions,
  readMapOptions,
  readPoolOptions
} from '../options/index.js'
import { PoolEventSource } from './events.js'
import { Array, Symbol as symbols } from '../primordials.js'
import type {
  ApplyMethod,
  JoinOptions,
  MapMethod,
  PoolEvents,
  PoolMethods,
  PoolStats,
  ResultIterator,
  WorkerInfo,
  WorkerPoolOptions
} from '../types/index.js'
import { isRefused } from './worker-identity.js'
import { WorkerOutput } from './worker-output.js'

/**
 * A pool of worker processes. They start with the first work and stay until the pool is closed, or this process ends.
 *
 * @example
 * const pool = new WorkerPool({ nJobs: 4 })
 * try {
 *   const squares = await pool.map((x: number) => x * x, [1, 2, 3])
 * } finally {
 *   await pool.stopAndJoin()
 * }
 */
export class WorkerPool implements PoolMethods, AsyncDisposable {
  readonly #settings: PoolSettings
  readonly #startBackend: (listener: BackendListener) => Backend
  readonly #isRefused = atEntry(WorkerPool, isRefused)
  readonly #events = new PoolEventSource()
  readonly #calls: CallRegistry = new CallRegistry(() => this.#closing.onIdle())
  readonly #closing: Closing
  readonly #listener: BackendListener = {
    find: (id) => this.#calls.find(id),
    workerStart: (id, pid) => this.#events.workerStarted(id, pid, () => this.#backend?.worker(id)),
    workerError: (error, worker) => this.#events.workerFailed(error, worker),
    workerOutput: (...output) => this.#output?.take(...output),
    workerExit: (...exit) => this.#events.workerExited(...exit),
    failed: (reason) => this.#events.poolFailed(this.#closing.fail(reason)),
    closed: () => this.#closing.onClosed()
  }
  #output: WorkerOutput | undefined
  #backend: Backend | undefined

  /**
   * Checks the options; starts no process.
   * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`.
   * @throws {@linkcode DaemonicProcessError} in a task of a pool with `daemon: true`.
   */
  constructor(options?: WorkerPoolOptions) {
    this.#settings = atEntry(WorkerPool, () => readPoolOptions(options, describeMachine()))
    this.#startBackend = atEntry(WorkerPool, () => prepareBackend(this.#settings))
    if (this.#settings.stdio === 'pipe') {
      this.#output = new WorkerOutput((stream, bytes) => this.#backend?.releaseOutput(stream, bytes))
    }
    this.#closing = new Closing(
      this.#calls,
      () => this.#backend,
      () => {
        keepReachable(this, false)
        this.#output?.end()
        this.#events.closed()
      }
    )
  }

  readonly map: MapMethod<'list'> = (fn: unknown, items: unknown, options?: unknown) =>
    this.#list('map', fn, items, options, OrderedSink)

  readonly mapUnordered: MapMethod<'list'> = (fn: unknown, items: unknown, options?: unknown) =>
    this.#list('mapUnordered', fn, items, options, CompletionSink)

  readonly mapSettled: MapMethod<'settled'> = (fn: unknown, items: unknown, options?: unknown) =>
    this.#list('mapSettled', fn, items, options, SettledSink)

  readonly imap: MapMethod<'iterator'> = (fn: unknown, items: unknown, options?: unknown) =>
    this.#iterate('imap', fn, items, options)

  readonly imapUnordered: MapMethod<'iterator'> = (fn: unknown, items: unknown, options?: unknown) =>
    this.#iterate('imapUnordered', fn, items, options)

  readonly apply: ApplyMethod = (fn: unknown, args: unknown = [], options?: unknown) =>
    promiseAtEntry<never>(this.apply, (resolve, reject) => {
      this.#checkOpen()
      const settings = readApplyOptions(options, this.#settings.map)
      throwIfAborted(settings.signal)
      if (!Array.isArray(args)) throw invalidOption('type', 'args', args, 'an array of arguments')
      const backend = this.#start()
      const { maxQueue } = this.#settings
      if (maxQueue !== undefined && !backend.hasRoom(maxQueue)) throw new QueueFullError(maxQueue)
      const call = makeApplyCall({
        id: this.#calls.nextId(),
        backend,
        fn,
        args,
        settings,
        resolve: resolve as (value: unknown) => void,
        reject,
        site: new CallSite(this.apply, fn),
        onEnd: this.#calls.remove
      })
      this.#calls.open(call, settings.signal)
    })

  /**
   * Takes nothing new, finishes what was accepted, lets the workers leave in order. A second call waits for the same end.
   * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, as a rejection.
   */
  async stopAndJoin(options?: JoinOptions): Promise<void> {
    await atEntry(this.stopAndJoin, () => {
      this.#checkAllowed()
      return this.#closing.join(readJoinOptions(options).timeoutMs)
    })
  }

  /** Kills the workers now, busy ones too; open work is rejected with {@linkcode PoolTerminatedError}. */
  async terminate(): Promise<void> {
    await atEntry(this.terminate, () => {
      this.#checkAllowed()
      return this.#closing.terminate()
    })
  }

  /** Replaces each worker that has run a task, after the one it runs; resolves when these processes have ended. */
  async recycle(): Promise<void> {
    await atEntry(this.recycle, () => {
      this.#checkOpen()
      return this.#backend?.recycle()
    })
  }

  /** `stopAndJoin` where nothing is pending, else `terminate`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await atEntry(this[symbols.asyncDispose], () => {
      this.#checkAllowed()
      return this.#calls.isEmpty ? this.#closing.join(undefined) : this.#closing.terminate()
    })
  }

  /** True from `stopAndJoin` or `terminate` on. */
  get closed(): boolean {
    return this.#closing.isClosed
  }

  /** The workers that have a process, as they are now. */
  get workers(): readonly WorkerInfo[] {
    return this.#backend?.workers ?? []
  }

  /** What the workers write to stdout, with `stdio: 'pipe'`. */
  get stdout(): PoolMethods['stdout'] {
    return this.#output?.stdout ?? null
  }

  get stderr(): PoolMethods['stderr'] {
    return this.#output?.stderr ?? null
  }

  /** Counts of tasks since the pool was made. */
  get stats(): PoolStats {
    return this.#backend?.stats ?? NO_TASKS
  }

  /** Calls `listener` each time the event happens; see {@linkcode PoolEvents}. */
  on<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    atEntry(this.on, () => this.#events.on(event, listener))
    if (!this.closed) keepReachable(this, true)
    return this
  }

  #list(kind: ListKind, fn: unknown, items: unknown, options: unknown, sinkClass: SinkClass): Promise<never[]> {
    return promiseAtEntry(this[kind], (resolve, reject) => {
      const settings = this.#readMap(options)
      throwIfAborted(settings.signal)
      const sink = new sinkClass(resolve, reject)
      const call = this.#makeCall(kind, fn, items, settings, sink, new CallSite(this[kind], fn))
      this.#calls.open(call, settings.signal)
    })
  }

  #iterate(kind: LazyKind, fn: unknown, items: unknown, options: unknown): ResultIterator<never> {
    return atEntry(this[kind], () => {
      const settings = this.#readMap(options)
      const results = new LazyResults(kind === 'imap')
      const call = this.#makeCall(kind, fn, items, settings, results, new CallSite(this[kind], fn))
      connect(results, call, this.#calls, settings.signal, () => this.closed)
      return results as ResultIterator<never>
    })
  }

  #makeCall(kind: MapKind, fn: unknown, items: unknown, settings: MapSettings, sink: Sink, site: CallSite): MapCall {
    const [id, onEnd, { nJobs }] = [this.#calls.nextId(), this.#calls.remove, this.#settings]
    return makeMapCall({ kind, id, fn, items, sink, nJobs, settings, site, onEnd, openBackend: () => this.#start() })
  }

  #readMap(options: unknown): MapSettings {
    this.#checkOpen()
    return readMapOptions(options, this.#settings.map)
  }

  #checkAllowed(): void {
    if (this.#isRefused) throw new DaemonicProcessError()
  }

  #checkOpen(): void {
    this.#checkAllowed()
    if (this.closed) throw this.#closing.refusal()
  }

  #start(): Backend {
    if (this.#backend === undefined) {
      this.#backend = this.#startBackend(weaken(this.#listener))
      endWhenUnreachable(this, this.#backend)
    }
    return this.#backend
  }
}
