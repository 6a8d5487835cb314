import type { Readable } from 'node:stream'

import type { AnyFunction, ArgsOf, Items, TaskContext, TaskFunction, TaskReference } from './functions.js'
import type { JoinOptions, MapOptions, SpreadOptions, TaskOptions } from './options.js'
import type { PoolEvents, PoolStats, WorkerInfo } from './state.js'

/**
 * The results of `imap` and `imapUnordered`, for `for await`. Its `return()`, which leaving the loop and the end of the scope of an
 * `await using` call, drops what is queued and ends the input.
 */
export interface ResultIterator<R> extends AsyncIterableIterator<R>, AsyncDisposable {
  [Symbol.asyncIterator](): ResultIterator<R>
}

/** What the methods of the map family return for results of type `R`. */
export interface MapResults<R> {
  /** `map` and `mapUnordered`. */
  readonly list: Promise<R[]>
  /** `imap` and `imapUnordered`. */
  readonly iterator: ResultIterator<R>
  /** `mapSettled`. */
  readonly settled: Promise<PromiseSettledResult<R>[]>
}

// Hides the arguments from inference: they are to follow from the items, or a function that leaves out the context would
// be taken for one of fewer arguments.
type Spread<A extends readonly unknown[]> = NoInfer<[...args: A, context: TaskContext]>

/**
 * A method of the map family. The result follows from the function, promises unwrapped; the type of the items is checked
 * against the function's parameters.
 */
export interface MapMethod<K extends keyof MapResults<unknown>> {
  /** Each item is the arguments of one task; parameters without a type take theirs from the items. */
  <A extends readonly unknown[] | [], R>(
    fn: (...args: Spread<A>) => R,
    items: Items<A>,
    options: SpreadOptions
  ): MapResults<Awaited<R>>[K]
  /** Each item is the arguments of one task. */
  <F extends AnyFunction>(
    fn: F | TaskReference<F>,
    items: Items<Readonly<ArgsOf<F>>>,
    options: SpreadOptions
  ): MapResults<Awaited<ReturnType<F>>>[K]
  /** Each item is the argument of one task; the context follows where the function declares a parameter for it. */
  <T, R>(fn: TaskFunction<T, R>, items: Items<T>, options?: MapOptions): MapResults<Awaited<R>>[K]
  /** The default export of the module at a URL. */
  (fn: URL, items: Items<unknown>, options?: MapOptions | SpreadOptions): MapResults<unknown>[K]
  /** Functions with more parameters than the item, all of them optional, which the pool leaves out. */
  <T, R>(
    fn: ((item: T) => R) | TaskReference<(item: T) => R>,
    items: Items<T>,
    options?: MapOptions
  ): MapResults<Awaited<R>>[K]
}

/** The method that runs one task. */
export interface ApplyMethod {
  /** Parameters without a type take theirs from the arguments. */
  <A extends readonly unknown[] | [] = [], R = unknown>(
    fn: (...args: Spread<A>) => R,
    args?: A,
    options?: TaskOptions
  ): Promise<Awaited<R>>
  /** The default export of the module at a URL. */
  (fn: URL, args?: readonly unknown[], options?: TaskOptions): Promise<unknown>
  /** References, and functions with optional parameters; the arguments may be left out where none is needed. */
  <F extends AnyFunction>(
    fn: F | TaskReference<F>,
    ...rest: [] extends ArgsOf<F>
      ? [args?: Readonly<ArgsOf<F>> | undefined, options?: TaskOptions]
      : [args: Readonly<ArgsOf<F>>, options?: TaskOptions]
  ): Promise<Awaited<ReturnType<F>>>
}

/**
 * The methods of a pool.
 *
 * Failures of a call throw (`imap`, `imapUnordered`, at the call) or reject; of what runs, an iterator's `next()` rejects:
 * - a TypeError or RangeError, `ERR_POOL_INVALID_OPTION`: a bad argument or option; nothing was started;
 * - `PoolClosedError`: the pool was closed before the call; `PoolTerminatedError`: while it was open;
 * - `TaskFunctionError`: the function cannot travel, or its file or export is missing;
 * - `NotSerializableError`: an item, argument or result cannot be sent;
 * - `QueueFullError`: as many `apply` calls wait as `maxQueue` lets;
 * - `WorkerDiedError`, `WorkerStartError`: the worker of a task ended, or none could be started;
 * - `TaskTimeoutError`: a task was late;
 * - `signal.reason` after an abort; what the task threw; what the input or a getter of an item threw, as it is;
 * - `DaemonicProcessError` in a daemonic worker, for every method.
 */
export interface PoolMethods {
  /**
   * Runs the function on every item; results in the order of the input. The first failure in time ends the map: queued tasks are
   * dropped, running ones end and are discarded, the input's `return()` is called.
   */
  readonly map: MapMethod<'list'>
  /** The same, results in the order of completion. */
  readonly mapUnordered: MapMethod<'list'>
  /**
   * Lazy: runs nothing before the first `next()`, looks ahead no further than `maxTasksActive`. Results in input order, up to the
   * first failure, which is thrown. `return()`, as by `break`, drops what is queued and ends the input; in tasks that run
   * `context.signal` aborts, and their workers are killed after `killGrace`. It keeps the process
   * alive only while a `next()` is waited for.
   */
  readonly imap: MapMethod<'iterator'>
  /** The same, results and the failure in the order of completion. */
  readonly imapUnordered: MapMethod<'iterator'>
  /**
   * Tells of every item whether it was fulfilled or rejected, in the order of the input; a failure of a task does not end the map,
   * one of the input, an abort and `terminate` do.
   */
  readonly mapSettled: MapMethod<'settled'>
  /** Runs one task, in front of tasks of other calls that no worker has begun. */
  readonly apply: ApplyMethod
  /**
   * Takes nothing new, finishes what was accepted, ends the workers: each by its own `process.exit(0)`, and after five seconds
   * by force. Of an iterator what was pulled is accepted; its results stay readable. A second call waits for the same end.
   */
  stopAndJoin(options?: JoinOptions): Promise<void>
  /** Kills the workers now, busy ones too; open work is rejected with {@linkcode PoolTerminatedError}. */
  terminate(): Promise<void>
  /**
   * Replaces each worker that has run a task, or runs one, after that task: what else it was given goes to others. A worker that has
   * begun no task yet is fresh, and stays. Resolves when these
   * processes have ended, each by its own `process.exit(0)`, and after five seconds by force; replacements start when there is
   * work. Of a closed pool it rejects.
   */
  recycle(): Promise<void>
  /** `stopAndJoin` where nothing is pending, else `terminate`. */
  [Symbol.asyncDispose](): Promise<void>
  /** True from `stopAndJoin` or `terminate` on. */
  readonly closed: boolean
  /** The workers that have a process, as they are now, the lowest id first. */
  readonly workers: readonly WorkerInfo[]
  /**
   * With `stdio: 'pipe'` what all workers write to their stdout, whole lines of one after whole lines of another (up to 64 KiB; the
   * last one of a process is given an end), complete when `stopAndJoin` or `terminate` is fulfilled; then it ends. Else null.
   *
   * Until somebody reads, the last 1 MiB is kept, and what was dropped before it is said. From the first read on nothing is
   * dropped: a reader that is 1 MiB behind makes the workers wait that write. It does not keep the process alive.
   */
  readonly stdout: Readable | null
  /** The same of stderr. */
  readonly stderr: Readable | null
  /** Counts of tasks, as they are now; they stay readable after closing. */
  readonly stats: PoolStats
  /**
   * Calls `listener` each time the event happens; returns the pool.
   * @throws TypeError of Node, `ERR_INVALID_ARG_TYPE`, where the listener is no function.
   */
  on<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this
}
