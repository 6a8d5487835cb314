import type { AnyFunction, ArgsOf, Items, TaskContext, TaskFunction, TaskReference } from './functions.js'
import type { JoinOptions, MapOptions, SpreadOptions, TaskOptions } from './options.js'
import type { PoolEvents, PoolStats, WorkerInfo } from './state.js'

/** What the methods of the map family return for results of type `R`. */
export interface MapResults<R> {
  readonly list: Promise<R[]>
  readonly iterator: AsyncIterableIterator<R>
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
 * Bad options throw (`imap`, `imapUnordered`) or reject with a TypeError or RangeError, `ERR_POOL_INVALID_OPTION`; a call
 * after closing fails with {@linkcode PoolClosedError}.
 */
export interface PoolMethods {
  /** Runs the function on every item; results in the order of the input. The first failure ends the map. */
  readonly map: MapMethod<'list'>
  /** The same, results in the order of completion. */
  readonly mapUnordered: MapMethod<'list'>
  /** Lazy: runs nothing before the first `next()`, looks ahead no further than `maxTasksActive`. Results in input order. */
  readonly imap: MapMethod<'iterator'>
  /** The same, results in the order of completion. */
  readonly imapUnordered: MapMethod<'iterator'>
  /** Tells of every item whether it was fulfilled or rejected; one failure does not end the map. */
  readonly mapSettled: MapMethod<'settled'>
  /** Runs one task. */
  readonly apply: ApplyMethod
  /** Takes nothing new, finishes what was accepted, ends the workers. */
  stopAndJoin(options?: JoinOptions): Promise<void>
  /** Kills the workers now, busy ones too; open work is rejected with {@linkcode PoolTerminatedError}. */
  terminate(): Promise<void>
  /** `stopAndJoin` where nothing is pending, else `terminate`. */
  [Symbol.asyncDispose](): Promise<void>
  /** True from `stopAndJoin` or `terminate` on. */
  readonly closed: boolean
  /** The workers that were started and have not ended. */
  readonly workers: readonly WorkerInfo[]
  readonly stats: PoolStats
  on<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this
}
