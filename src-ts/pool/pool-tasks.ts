import type {
  AnyFunction,
  Arguments,
  ArgumentsOf,
  FunctionOrReference,
  NoOptions,
  Only,
  SpreadFunction,
  TaskOptions
} from '../types/index.js'
import { PoolLifecycle, stateOf } from './pool-lifecycle.js'

/** The part of `WorkerPool` that runs single tasks. */
export abstract class PoolTasks extends PoolLifecycle {
  /**
   * Runs one task, ahead of the tasks of other calls that no worker has begun.
   * @example
   * const image = await pool.apply(resize, ['photo.jpg', 800])
   */
  apply<R, A extends Arguments = [], O extends Only<O, TaskOptions> = NoOptions>(
    fn: SpreadFunction<A, R, O>,
    args?: A,
    options?: O
  ): Promise<Awaited<R>>
  apply<F extends AnyFunction, O extends Only<O, TaskOptions> = NoOptions>(
    fn: FunctionOrReference<F>,
    args: ArgumentsOf<F, O>,
    options?: O
  ): Promise<Awaited<ReturnType<F>>>
  apply<F extends AnyFunction>(
    fn: FunctionOrReference<F>,
    ...rest: [] extends Parameters<F> ? [args?: [], options?: TaskOptions] : [never]
  ): Promise<Awaited<ReturnType<F>>>
  apply(fn: URL, args?: readonly unknown[], options?: TaskOptions): Promise<unknown>
  apply(fn: unknown, args: unknown = [], options?: unknown): Promise<unknown> {
    return stateOf(this, methods.apply).apply(methods.apply, fn, args, options)
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
    options?: TaskOptions & { readonly passContext?: false | undefined }
  ): (...args: A) => Promise<Awaited<R>>
  wrap<F extends AnyFunction, O extends Only<O, TaskOptions> = NoOptions>(
    fn: FunctionOrReference<F>,
    options?: O
  ): (...args: ArgumentsOf<F, O>) => Promise<Awaited<ReturnType<F>>>
  wrap(fn: URL, options?: TaskOptions): (...args: readonly unknown[]) => Promise<unknown>
  wrap(fn: unknown, options?: unknown): (...args: readonly unknown[]) => Promise<unknown> {
    return stateOf(this, methods.wrap).wrap(methods.wrap, fn, options)
  }
}

const { apply, wrap } = PoolTasks.prototype
const methods = { apply, wrap }
