import type {
  AnyFunction,
  Arguments,
  ArgumentsOf,
  FunctionOrReference,
  Given,
  NoOptions,
  Only,
  Passing,
  SpreadFunction,
  TaskOptions
} from '../types/index.js'
import { PoolLifecycle, stateOf } from './pool-lifecycle.js'

/** The part of `WorkerPool` that runs single tasks. */
export abstract class PoolTasks<Shared = unknown> extends PoolLifecycle {
  /**
   * Runs one task, ahead of the tasks of other calls that no worker has begun.
   * @example
   * const image = await pool.apply(resize, ['photo.jpg', 800])
   */
  apply<R, A extends Arguments = [], O extends Only<O, TaskOptions<Shared>> = NoOptions, P extends Passing = undefined>(
    fn: SpreadFunction<A, R, P, Shared>,
    args?: A,
    options?: Given<O, Shared, P>
  ): Promise<Awaited<R>>
  apply<F extends AnyFunction, O extends Only<O, TaskOptions<Shared>> = NoOptions, P extends Passing = undefined>(
    fn: FunctionOrReference<F>,
    args: ArgumentsOf<F, P>,
    options?: Given<O, Shared, P>
  ): Promise<Awaited<ReturnType<F>>>
  apply<F extends AnyFunction>(
    fn: FunctionOrReference<F>,
    ...rest: [] extends Parameters<F> ? [args?: [], options?: TaskOptions<Shared>] : [never]
  ): Promise<Awaited<ReturnType<F>>>
  apply(fn: URL, args?: readonly unknown[], options?: TaskOptions<Shared>): Promise<unknown>
  apply(fn: unknown, args: unknown = [], options?: unknown): Promise<unknown> {
    return stateOf(this, methods.apply).apply(methods.apply, fn, args, options)
  }

  /**
   * Starts all workers and loads the functions in each, so that the first tasks wait for neither. Resolves when every worker has loaded
   * them; busy workers first finish what they run. Without functions it only starts the workers. It counts as no task.
   *
   * Rejects as a task would: with what a module throws while it loads, with an `ERR_POOL_FUNCTION` for a function that cannot be sent or
   * was not loaded within `workerStartTimeout`, if workers die or cannot start, and if the pool is closed or terminated. A function by
   * value whose variables may change is sent again with each call; warming it loads the modules that it uses.
   * @example
   * await pool.warm(resize, task(new URL('./jobs.js', import.meta.url), 'thumbnail'))
   */
  warm(...functions: readonly (AnyFunction | FunctionOrReference<AnyFunction> | URL)[]): Promise<void> {
    return stateOf(this, methods.warm).warm(methods.warm, functions)
  }

  /**
   * Returns a function that runs `fn` in the pool. Each call is an {@linkcode apply} with its arguments and with `options`, which are
   * read once, here. The variables that `fn` uses are read at each call. The function has the parameters of `fn`, without the context
   * if the options say `passContext: true`, and returns a promise.
   * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, for a bad argument. All other errors reject the calls of the function.
   * @example
   * const resize = pool.wrap(resizeImage, { taskTimeout: 5_000 })
   * const small = await resize('photo.jpg', 800)
   */
  wrap<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    options?: TaskOptions<Shared> & { readonly passContext?: false | undefined }
  ): (...args: A) => Promise<Awaited<R>>
  wrap<F extends AnyFunction, O extends Only<O, TaskOptions<Shared>> = NoOptions, P extends Passing = undefined>(
    fn: FunctionOrReference<F>,
    options?: Given<O, Shared, P>
  ): (...args: ArgumentsOf<F, P>) => Promise<Awaited<ReturnType<F>>>
  wrap(fn: URL, options?: TaskOptions<Shared>): (...args: readonly unknown[]) => Promise<unknown>
  wrap(fn: unknown, options?: unknown): (...args: readonly unknown[]) => Promise<unknown> {
    return stateOf(this, methods.wrap).wrap(methods.wrap, fn, options)
  }
}

const { apply, warm, wrap } = PoolTasks.prototype
const methods = { apply, warm, wrap }
