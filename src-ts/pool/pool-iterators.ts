import type {
  AnyFunction,
  AnyTypedArray,
  Arguments,
  ArgumentsOf,
  BatchFunction,
  BatchOptions,
  FunctionOrReference,
  Given,
  Indexed,
  Items,
  MapOptions,
  NoOptions,
  Only,
  Passing,
  ResultIterator,
  SettledItem,
  SliceOptions,
  SpreadFunction,
  SpreadOptions,
  TaskFunction
} from '../types/index.js'
import { stateOf } from './pool-lifecycle.js'
import { PoolTasks } from './pool-tasks.js'

/** The calls of a pool that return an iterator. */
export abstract class PoolIterators<Shared = unknown> extends PoolTasks<Shared> {
  /**
   * Returns an iterator over the results in the order of the input, up to the first failure, which it throws. It runs nothing before
   * the first `next()`, and reads the input no further ahead than `maxTasksActive`. Leaving the loop drops queued tasks, ends the
   * input and aborts `context.signal` in running tasks. The workers of tasks that still run after `killGrace` are killed. The iterator
   * keeps the process alive only while a `next()` is pending.
   * @example
   * for await (const page of pool.imap(render, documents)) await write(page)
   */
  imap<A extends Arguments, R, O extends Only<O, SpreadOptions<Shared>>, P extends Passing = undefined>(
    fn: SpreadFunction<A, R, P, Shared>,
    items: Items<A>,
    options: Given<O, Shared, P>
  ): ResultIterator<Indexed<Awaited<R>, O>>
  imap<F extends AnyFunction, O extends Only<O, SpreadOptions<Shared>>, P extends Passing = undefined>(
    fn: FunctionOrReference<F>,
    items: Items<ArgumentsOf<F, P>>,
    options: Given<O, Shared, P>
  ): ResultIterator<Indexed<Awaited<ReturnType<F>>, O>>
  imap<T, R, O extends Only<O, BatchOptions<Shared>>, P extends Passing = undefined>(
    fn: BatchFunction<T, R, P, Shared>,
    items: Items<T>,
    options: Given<O, Shared, P>
  ): ResultIterator<Indexed<R, O>>
  imap<A extends AnyTypedArray, R, O extends Only<O, SliceOptions<Shared>>, P extends Passing = undefined>(
    fn: TaskFunction<NoInfer<A>, R, P, Shared>,
    items: A,
    options: Given<O, Shared, P>
  ): ResultIterator<Indexed<Awaited<R>, O>>
  imap<T, R, O extends Only<O, MapOptions<Shared>> = NoOptions, P extends Passing = undefined>(
    fn: TaskFunction<T, R, P, Shared>,
    items: Items<T>,
    options?: Given<O, Shared, P>
  ): ResultIterator<Indexed<Awaited<R>, O>>
  imap(
    fn: URL,
    items: Items<unknown>,
    options?: MapOptions<Shared> | SpreadOptions<Shared> | BatchOptions<Shared> | SliceOptions<Shared>
  ): ResultIterator<unknown>
  imap(fn: unknown, items: unknown, options?: unknown): ResultIterator<unknown> {
    return stateOf(this, methods.imap).iterate(methods.imap, 'imap', [fn, items, options])
  }

  /**
   * Returns an iterator, as `imap` does, over the results in the order of completion.
   * @example
   * for await (const hash of pool.imapUnordered(hashOf, files)) seen.add(hash)
   */
  imapUnordered<A extends Arguments, R, O extends Only<O, SpreadOptions<Shared>>, P extends Passing = undefined>(
    fn: SpreadFunction<A, R, P, Shared>,
    items: Items<A>,
    options: Given<O, Shared, P>
  ): ResultIterator<Indexed<Awaited<R>, O>>
  imapUnordered<F extends AnyFunction, O extends Only<O, SpreadOptions<Shared>>, P extends Passing = undefined>(
    fn: FunctionOrReference<F>,
    items: Items<ArgumentsOf<F, P>>,
    options: Given<O, Shared, P>
  ): ResultIterator<Indexed<Awaited<ReturnType<F>>, O>>
  imapUnordered<T, R, O extends Only<O, BatchOptions<Shared>>, P extends Passing = undefined>(
    fn: BatchFunction<T, R, P, Shared>,
    items: Items<T>,
    options: Given<O, Shared, P>
  ): ResultIterator<Indexed<R, O>>
  imapUnordered<A extends AnyTypedArray, R, O extends Only<O, SliceOptions<Shared>>, P extends Passing = undefined>(
    fn: TaskFunction<NoInfer<A>, R, P, Shared>,
    items: A,
    options: Given<O, Shared, P>
  ): ResultIterator<Indexed<Awaited<R>, O>>
  imapUnordered<T, R, O extends Only<O, MapOptions<Shared>> = NoOptions, P extends Passing = undefined>(
    fn: TaskFunction<T, R, P, Shared>,
    items: Items<T>,
    options?: Given<O, Shared, P>
  ): ResultIterator<Indexed<Awaited<R>, O>>
  imapUnordered(
    fn: URL,
    items: Items<unknown>,
    options?: MapOptions<Shared> | SpreadOptions<Shared> | BatchOptions<Shared> | SliceOptions<Shared>
  ): ResultIterator<unknown>
  imapUnordered(fn: unknown, items: unknown, options?: unknown): ResultIterator<unknown> {
    return stateOf(this, methods.imapUnordered).iterate(methods.imapUnordered, 'imapUnordered', [fn, items, options])
  }

  /**
   * Returns an iterator, as `imap` does, over the outcome of each item, in the order of the input: `{ index, status: 'fulfilled', value }`
   * or `{ index, status: 'rejected', reason }`. A failing task does not end it. The reason is the task's error, the death of its worker,
   * its timeout, or an item or result that cannot be sent. `next()` rejects only with the error of the input, the reason of an abort,
   * PoolTerminatedError, PoolClosedError or WorkerStartError.
   * @example
   * for await (const outcome of pool.imapSettled(resize, files)) {
   *   if (outcome.status === 'rejected') console.error(files[outcome.index], outcome.reason)
   * }
   */
  imapSettled<A extends Arguments, R, O extends Only<O, SpreadOptions<Shared>>, P extends Passing = undefined>(
    fn: SpreadFunction<A, R, P, Shared>,
    items: Items<A>,
    options: Given<O, Shared, P>
  ): ResultIterator<SettledItem<Awaited<R>>>
  imapSettled<F extends AnyFunction, O extends Only<O, SpreadOptions<Shared>>, P extends Passing = undefined>(
    fn: FunctionOrReference<F>,
    items: Items<ArgumentsOf<F, P>>,
    options: Given<O, Shared, P>
  ): ResultIterator<SettledItem<Awaited<ReturnType<F>>>>
  imapSettled<T, R, O extends Only<O, BatchOptions<Shared>>, P extends Passing = undefined>(
    fn: BatchFunction<T, R, P, Shared>,
    items: Items<T>,
    options: Given<O, Shared, P>
  ): ResultIterator<SettledItem<R>>
  imapSettled<A extends AnyTypedArray, R, O extends Only<O, SliceOptions<Shared>>, P extends Passing = undefined>(
    fn: TaskFunction<NoInfer<A>, R, P, Shared>,
    items: A,
    options: Given<O, Shared, P>
  ): ResultIterator<SettledItem<Awaited<R>>>
  imapSettled<T, R, O extends Only<O, MapOptions<Shared>> = NoOptions, P extends Passing = undefined>(
    fn: TaskFunction<T, R, P, Shared>,
    items: Items<T>,
    options?: Given<O, Shared, P>
  ): ResultIterator<SettledItem<Awaited<R>>>
  imapSettled(
    fn: URL,
    items: Items<unknown>,
    options?: MapOptions<Shared> | SpreadOptions<Shared> | BatchOptions<Shared> | SliceOptions<Shared>
  ): ResultIterator<SettledItem<unknown>>
  imapSettled(fn: unknown, items: unknown, options?: unknown): ResultIterator<unknown> {
    return stateOf(this, methods.imapSettled).iterate(methods.imapSettled, 'imapSettled', [fn, items, options])
  }

  /**
   * Returns an iterator, as `imapSettled` does, over the outcome of each item, in the order of completion.
   * @example
   * for await (const { index, status } of pool.imapSettledUnordered(upload, files)) report(files[index], status)
   */
  imapSettledUnordered<A extends Arguments, R, O extends Only<O, SpreadOptions<Shared>>, P extends Passing = undefined>(
    fn: SpreadFunction<A, R, P, Shared>,
    items: Items<A>,
    options: Given<O, Shared, P>
  ): ResultIterator<SettledItem<Awaited<R>>>
  imapSettledUnordered<F extends AnyFunction, O extends Only<O, SpreadOptions<Shared>>, P extends Passing = undefined>(
    fn: FunctionOrReference<F>,
    items: Items<ArgumentsOf<F, P>>,
    options: Given<O, Shared, P>
  ): ResultIterator<SettledItem<Awaited<ReturnType<F>>>>
  imapSettledUnordered<T, R, O extends Only<O, BatchOptions<Shared>>, P extends Passing = undefined>(
    fn: BatchFunction<T, R, P, Shared>,
    items: Items<T>,
    options: Given<O, Shared, P>
  ): ResultIterator<SettledItem<R>>
  imapSettledUnordered<
    A extends AnyTypedArray,
    R,
    O extends Only<O, SliceOptions<Shared>>,
    P extends Passing = undefined
  >(
    fn: TaskFunction<NoInfer<A>, R, P, Shared>,
    items: A,
    options: Given<O, Shared, P>
  ): ResultIterator<SettledItem<Awaited<R>>>
  imapSettledUnordered<T, R, O extends Only<O, MapOptions<Shared>> = NoOptions, P extends Passing = undefined>(
    fn: TaskFunction<T, R, P, Shared>,
    items: Items<T>,
    options?: Given<O, Shared, P>
  ): ResultIterator<SettledItem<Awaited<R>>>
  imapSettledUnordered(
    fn: URL,
    items: Items<unknown>,
    options?: MapOptions<Shared> | SpreadOptions<Shared> | BatchOptions<Shared> | SliceOptions<Shared>
  ): ResultIterator<SettledItem<unknown>>
  imapSettledUnordered(fn: unknown, items: unknown, options?: unknown): ResultIterator<unknown> {
    const entry = methods.imapSettledUnordered
    return stateOf(this, entry).iterate(entry, 'imapSettledUnordered', [fn, items, options])
  }
}

const { imap, imapUnordered, imapSettled, imapSettledUnordered } = PoolIterators.prototype
const methods = { imap, imapUnordered, imapSettled, imapSettledUnordered }
