import {
  CallSite,
  type LazyKind,
  LazyResults,
  type ListKind,
  makeApplyCall,
  makeConcatenatingSink,
  makeListSink,
  makeMapCall,
  makeWarmCall,
  type MapCall,
  type MapKind,
  type OfPool,
  type Sink,
  throwIfAborted,
  withProgress,
  withReports
} from '../calls/index.js'
import { atEntry, type Entry, invalidOption, promiseAtEntry, QueueFullError } from '../errors/index.js'
import { openReports } from '../diagnostics/index.js'
import { checkFunction } from '../functions/index.js'
import {
  type ApplySettings,
  checkConcatenation,
  checkInline,
  type LifeSettings,
  type MapSettings,
  readApplyOptions,
  readMapOptions,
  sharedCpus
} from '../options/index.js'
import { Array, Math } from '../primordials.js'
import { connect, openMap, type Opening } from './connect.js'
import { PoolCore } from './pool-core.js'
import { isWorker } from './worker-identity.js'

interface MapOpening extends Opening {
  readonly settings: MapSettings
}

export type MapArguments = readonly [fn: unknown, items: unknown, options: unknown]

/** The state behind a `WorkerPool`. Methods that may fail take the public method as `entry`: errors point at its caller. */
export class PoolState extends PoolCore {
  /** Opens a call that returns a promise of a list. */
  list(entry: Entry, kind: ListKind, [fn, items, options]: MapArguments): Promise<never[]> {
    return promiseAtEntry(entry, (resolve, reject) => {
      const settings = this.#readMap(options, kind)
      throwIfAborted(settings.signal)
      const results = settings.concatenate
        ? makeConcatenatingSink(kind, items, resolve, reject)
        : makeListSink(kind, settings.withIndex, resolve, reject)
      const sink = withProgress(results, settings, isWorker)
      const opening = this.#opening(kind, fn, sink, settings)
      openMap(this.#makeCall(kind, fn, items, opening, new CallSite(entry, fn)), opening)
    })
  }

  /** Makes a call that opens when its iterator is first read. */
  iterate(entry: Entry, kind: LazyKind, [fn, items, options]: MapArguments): LazyResults {
    return atEntry(entry, () => {
      const settings = this.#readMap(options, kind)
      const results = new LazyResults(kind, settings.withIndex)
      const sink = withProgress(results, settings, isWorker)
      const opening = this.#opening(kind, fn, sink, settings)
      const call = this.#makeCall(kind, fn, items, opening, new CallSite(entry, fn))
      connect(results, call, { ...opening, isClosed: () => this.isClosed })
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
      this.checkOpen()
      const settings = read()
      throwIfAborted(settings.signal)
      if (!Array.isArray(args)) throw invalidOption('type', 'args', args, 'an array of arguments')
      const backend = this.start()
      const { maxQueue } = this.settings
      if (maxQueue !== undefined && !backend.hasRoom(maxQueue)) throw new QueueFullError(maxQueue)
      const reports = openReports(this.number, 'apply', fn)
      const call = makeApplyCall({
        id: this.calls.nextId(),
        backend,
        fn,
        prepare: this.prepare,
        args,
        setup: this.setups.of(settings),
        settings,
        resolve: reports?.before(resolve) ?? (resolve as (value: unknown) => void),
        reject: reports?.beforeError(reject) ?? reject,
        site,
        clock: this.insights?.clock,
        traces: this.traces,
        onEnd: this.calls.remove
      })
      reports?.sent(0, 1)
      this.calls.open(call, settings.signal)
    })
  }

  /** Opens a call by which every worker loads the functions. */
  warm(entry: Entry, functions: readonly unknown[]): Promise<void> {
    return promiseAtEntry<void>(entry, (resolve, reject) => {
      this.checkOpen()
      const settings = this.#readApply(undefined)
      throwIfAborted(settings.signal)
      const { nJobs } = this.settings
      const call = makeWarmCall({ ...this.#ofCall(nJobs, settings), entry, functions, resolve, reject })
      this.calls.open(call, settings.signal, nJobs)
    })
  }

  #opening(kind: MapKind, fn: unknown, inner: Sink, settings: MapSettings): MapOpening {
    const reports = openReports(this.number, kind, fn)
    const sink = withReports(inner, reports)
    const nJobs = (): number => Math.max(this.settings.nJobs, 1)
    return { sink, reports, settings, calls: this.calls, binding: { workers: 0 }, nJobs }
  }

  #makeCall(kind: MapKind, fn: unknown, items: unknown, opening: MapOpening, site: CallSite): MapCall {
    const { sink, settings, binding, reports, nJobs } = opening
    const own = { ...this.#ofCall(nJobs(), settings), cpus: sharedCpus(this.settings) }
    return makeMapCall({ ...own, kind, fn, items, sink, settings, binding, reports, site })
  }

  #ofCall(nJobs: number, life: LifeSettings): OfPool {
    const [id, onEnd, setup] = [this.calls.nextId(), this.calls.remove, this.setups.of(life)]
    const clock = this.insights?.clock
    const { traces } = this
    return { id, onEnd, nJobs, setup, clock, traces, prepare: this.prepare, openBackend: () => this.start() }
  }

  #readMap(options: unknown, kind: MapKind): MapSettings {
    this.checkOpen()
    const settings = readMapOptions(options, this.settings.map)
    if (settings.concatenate) checkConcatenation(kind)
    return checkInline(settings, this.settings.nJobs)
  }

  #readApply(options: unknown): ApplySettings {
    return checkInline(readApplyOptions(options, this.settings.map), this.settings.nJobs)
  }
}
