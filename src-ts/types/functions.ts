/** Tells a task about itself. With `passContext: true` it is the last argument, and `currentTask()` returns it. */
export interface TaskContext<Shared = unknown> {
  /** The id of the worker, 0 to nJobs - 1. A replacement keeps it. */
  readonly workerId: number
  /** The index of the item in its call; 0 for `apply`. */
  readonly index: number
  /** The `sharedObjects` of the pool: one copy per worker process, which its tasks share. undefined without that option. */
  readonly shared: Shared
  /** One object per worker process. It is kept between tasks and calls. A replacement has a new one. */
  readonly state: Record<string, unknown>
  /**
   * Aborts when the result is no longer wanted: the call's `signal` has aborted, or `return()` of its iterator was called. The reason is
   * cloned, or an AbortError if it cannot be cloned. If the task still runs after `killGrace`, its worker is killed. The signal can only
   * fire while the task awaits something.
   */
  readonly signal: AbortSignal
}

/** The input of a map: arrays, typed arrays, sets, maps (entries), strings, generators, async generators, streams. */
export type Items<T> = Iterable<T> | AsyncIterable<T>

/** Any callable. Every function is assignable to it, because its arguments are of type `never`. */
export type AnyFunction = (...args: never[]) => unknown

/** A function of unknown type: an export that was named without its type. */
export type UntypedFunction = (...args: unknown[]) => unknown

declare const referenced: unique symbol

/** The part of a {@linkcode TaskReference} that a pool needs. It has no call signature, so that the compiler can infer the arguments. */
export interface Referenced<F extends AnyFunction> {
  readonly [referenced]: F
}

/**
 * A reference to an exported function of a module, from `task()` or `tasks()`. Workers import the module themselves. If you call the
 * reference, this process imports the module, and the promise resolves to the function's result.
 */
export interface TaskReference<F extends AnyFunction = UntypedFunction> extends Referenced<F> {
  (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>>
}

/** Every callable export of a module as a reference. `M` is the type of the module: `typeof import('./jobs.js')`. */
export type TaskReferences<M = Record<string, UntypedFunction>> = {
  readonly [K in keyof M as M[K] extends AnyFunction ? K : never]: M[K] extends AnyFunction
    ? TaskReference<M[K]>
    : never
}

/** The arguments that a caller gives to `F`: its parameters without a trailing {@linkcode TaskContext}. */
export type ArgsOf<F extends AnyFunction> = WithoutContext<Parameters<F>>

type WithoutContext<A extends readonly unknown[]> = A extends readonly [...infer Rest, infer Last]
  ? IsContext<Last> extends true
    ? Rest
    : A
  : A

// `any` and `never` are assignable to TaskContext too, but are not contexts.
type IsContext<T> = [T] extends [never] ? false : 0 extends 1 & T ? false : T extends TaskContext ? true : false
