import { atEntry } from '../errors/index.js'
import type {
  AnyFunction,
  AnyTypedArray,
  Arguments,
  ArgumentsOf,
  BatchFunction,
  BatchOptions,
  ConcatenateOptions,
  FunctionOrReference,
  Given,
  Items,
  ListOf,
  MapOptions,
  NoOptions,
  Only,
  Passing,
  SliceOptions,
  SpreadFunction,
  SpreadOptions,
  TaskFunction,
  WorkerPoolOptions
} from '../types/index.js'
import { PoolIterators } from './pool-iterators.js'
import { stateOf } from './pool-lifecycle.js'
import { PoolState } from './pool-state.js'

/**
 * A pool of worker processes. Workers start with the first work and stay until the pool is closed or this process ends.
 *
 * A call rejects with a TypeError or RangeError for a bad argument or option, with another {@linkcode PoolError}, with the reason of its
 * `signal`, or with the error of a task or of the input. `imap` and its siblings throw bad arguments and options at once.
 *
 * @example
 * const pool = new WorkerPool({ nJobs: 4 })
 * try {
 *   const squares = await pool.map((x: number) => x * x, [1, 2, 3])
 * } finally {
 *   await pool.stopAndJoin()
 * }
 */
export class WorkerPool<Shared = unknown> extends PoolIterators<Shared> {
  /**
   * Checks the options. Starts no process.
   * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`.
   * @throws {@linkcode DaemonicProcessError} in a task of a pool with `daemon: true`.
   */
  constructor(options?: WorkerPoolOptions<Shared>) {
    super(atEntry(WorkerPool, () => new PoolState(options)))
  }

  /**
   * Runs the function on every item and returns the results in the order of the input. The first failure rejects the call. Then queued
   * tasks are dropped, results of running tasks are discarded, and the input's `return()` is called.
   * @example
   * const sizes = await pool.map(async (path: string) => (await stat(path)).size, paths)
   */
  map<
    A extends Arguments,
    R,
    O extends Only<O, SpreadOptions<Shared> & ConcatenateOptions>,
    P extends Passing = undefined
  >(fn: SpreadFunction<A, R, P, Shared>, items: Items<A>, options: Given<O, Shared, P>): Promise<ListOf<Awaited<R>, O>>
  map<
    F extends AnyFunction,
    O extends Only<O, SpreadOptions<Shared> & ConcatenateOptions>,
    P extends Passing = undefined
  >(
    fn: FunctionOrReference<F>,
    items: Items<ArgumentsOf<F, P>>,
    options: Given<O, Shared, P>
  ): Promise<ListOf<Awaited<ReturnType<F>>, O>>
  map<T, R, O extends Only<O, BatchOptions<Shared> & ConcatenateOptions>, P extends Passing = undefined>(
    fn: BatchFunction<T, R, P, Shared>,
    items: Items<T>,
    options: Given<O, Shared, P>
  ): Promise<ListOf<R, O>>
  map<
    A extends AnyTypedArray,
    R,
    O extends Only<O, SliceOptions<Shared> & ConcatenateOptions>,
    P extends Passing = undefined
  >(fn: TaskFunction<NoInfer<A>, R, P, Shared>, items: A, options: Given<O, Shared, P>): Promise<ListOf<Awaited<R>, O>>
  map<T, R, O extends Only<O, MapOptions<Shared> & ConcatenateOptions> = NoOptions, P extends Passing = undefined>(
    fn: TaskFunction<T, R, P, Shared>,
    items: Items<T>,
    options?: Given<O, Shared, P>
  ): Promise<ListOf<Awaited<R>, O>>
  map(
    fn: URL,
    items: Items<unknown>,
    options?: MapOptions<Shared> | SpreadOptions<Shared> | BatchOptions<Shared> | SliceOptions<Shared>
  ): Promise<unknown[]>
  map(fn: unknown, items: unknown, options?: unknown): Promise<unknown[]> {
    return stateOf(this, methods.map).list(methods.map, 'map', [fn, items, options])
  }

  /**
   * Runs the function on every item, as `map` does, and returns the results in the order of completion.
   * @example
   * const [fastest] = await pool.mapUnordered(measure, mirrors, { chunkSize: 1 })
   */
  mapUnordered<
    A extends Arguments,
    R,
    O extends Only<O, SpreadOptions<Shared> & ConcatenateOptions>,
    P extends Passing = undefined
  >(fn: SpreadFunction<A, R, P, Shared>, items: Items<A>, options: Given<O, Shared, P>): Promise<ListOf<Awaited<R>, O>>
  mapUnordered<
    F extends AnyFunction,
    O extends Only<O, SpreadOptions<Shared> & ConcatenateOptions>,
    P extends Passing = undefined
  >(
    fn: FunctionOrReference<F>,
    items: Items<ArgumentsOf<F, P>>,
    options: Given<O, Shared, P>
  ): Promise<ListOf<Awaited<ReturnType<F>>, O>>
  mapUnordered<T, R, O extends Only<O, BatchOptions<Shared> & ConcatenateOptions>, P extends Passing = undefined>(
    fn: BatchFunction<T, R, P, Shared>,
    items: Items<T>,
    options: Given<O, Shared, P>
  ): Promise<ListOf<R, O>>
  mapUnordered<
    A extends AnyTypedArray,
    R,
    O extends Only<O, SliceOptions<Shared> & ConcatenateOptions>,
    P extends Passing = undefined
  >(fn: TaskFunction<NoInfer<A>, R, P, Shared>, items: A, options: Given<O, Shared, P>): Promise<ListOf<Awaited<R>, O>>
  mapUnordered<
    T,
    R,
    O extends Only<O, MapOptions<Shared> & ConcatenateOptions> = NoOptions,
    P extends Passing = undefined
  >(fn: TaskFunction<T, R, P, Shared>, items: Items<T>, options?: Given<O, Shared, P>): Promise<ListOf<Awaited<R>, O>>
  mapUnordered(
    fn: URL,
    items: Items<unknown>,
    options?: MapOptions<Shared> | SpreadOptions<Shared> | BatchOptions<Shared> | SliceOptions<Shared>
  ): Promise<unknown[]>
  mapUnordered(fn: unknown, items: unknown, options?: unknown): Promise<unknown[]> {
    return stateOf(this, methods.mapUnordered).list(methods.mapUnordered, 'mapUnordered', [fn, items, options])
  }

  /**
   * Runs the function on every item and returns the outcome of each, fulfilled or rejected, in the order of the input. A failing task
   * does not end the call. A failing input, an abort and `terminate` do.
   * @example
   * const outcomes = await pool.mapSettled(parse, files)
   * const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
   */
  mapSettled<A extends Arguments, R, O extends Only<O, SpreadOptions<Shared>>, P extends Passing = undefined>(
    fn: SpreadFunction<A, R, P, Shared>,
    items: Items<A>,
    options: Given<O, Shared, P>
  ): Promise<PromiseSettledResult<Awaited<R>>[]>
  mapSettled<F extends AnyFunction, O extends Only<O, SpreadOptions<Shared>>, P extends Passing = undefined>(
    fn: FunctionOrReference<F>,
    items: Items<ArgumentsOf<F, P>>,
    options: Given<O, Shared, P>
  ): Promise<PromiseSettledResult<Awaited<ReturnType<F>>>[]>
  mapSettled<T, R, O extends Only<O, BatchOptions<Shared>>, P extends Passing = undefined>(
    fn: BatchFunction<T, R, P, Shared>,
    items: Items<T>,
    options: Given<O, Shared, P>
  ): Promise<PromiseSettledResult<R>[]>
  mapSettled<A extends AnyTypedArray, R, O extends Only<O, SliceOptions<Shared>>, P extends Passing = undefined>(
    fn: TaskFunction<NoInfer<A>, R, P, Shared>,
    items: A,
    options: Given<O, Shared, P>
  ): Promise<PromiseSettledResult<Awaited<R>>[]>
  mapSettled<T, R, O extends Only<O, MapOptions<Shared>> = NoOptions, P extends Passing = undefined>(
    fn: TaskFunction<T, R, P, Shared>,
    items: Items<T>,
    options?: Given<O, Shared, P>
  ): Promise<PromiseSettledResult<Awaited<R>>[]>
  mapSettled(
    fn: URL,
    items: Items<unknown>,
    options?: MapOptions<Shared> | SpreadOptions<Shared> | BatchOptions<Shared> | SliceOptions<Shared>
  ): Promise<PromiseSettledResult<unknown>[]>
  mapSettled(fn: unknown, items: unknown, options?: unknown): Promise<PromiseSettledResult<unknown>[]> {
    return stateOf(this, methods.mapSettled).list(methods.mapSettled, 'mapSettled', [fn, items, options])
  }
}

// The methods of this class. If a subclass or a spy replaces one, an error still points at the line that called the original.
const { map, mapUnordered, mapSettled } = WorkerPool.prototype
const methods = { map, mapUnordered, mapSettled }
