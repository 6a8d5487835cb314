/** What a task is told about itself: its last argument with `passContext: true`, and what `currentTask()` returns. */
export interface TaskContext {
  /** The worker's place in the pool, 0 to nJobs - 1; a replacement keeps it. */
  readonly workerId: number
  /** The index of the item in its call; 0 for `apply`. */
  readonly index: number
  /** One object per worker process, kept between tasks and calls, new after a respawn. */
  readonly state: Record<string, unknown>
  /**
   * Aborts when the task is not wanted any more: the call's `signal` has aborted (the reason is cloned, or an AbortError where
   * it cannot be), or its iterator was told to return. A task that is still on after `killGrace` goes with its worker. It can
   * only fire while the task awaits something.
   */
  readonly signal: AbortSignal
}

/** The input of a map: arrays, typed arrays, sets, maps (entries), strings, generators, async generators, streams. */
export type Items<T> = Iterable<T> | AsyncIterable<T>

/** Any callable. `never` as the type of its arguments lets every function fit. */
export type AnyFunction = (...args: never[]) => unknown

/** A function of which nothing is known: an export that was named without its type. */
export type UntypedFunction = (...args: unknown[]) => unknown

declare const referenced: unique symbol

/** What a pool needs to know of a {@linkcode TaskReference}: had it a signature, the compiler could not tell what a function is given. */
export interface Referenced<F extends AnyFunction> {
  readonly [referenced]: F
}

/**
 * Names an exported function of a module; made by `task()` and `tasks()`. Workers import the module themselves. A call imports it into
 * this process, and promises what the function returns.
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

// `any` and `never` are assignable to TaskContext as well; what TaskContext is assignable to as well, save `unknown`, is one.
type IsContext<T> = [T] extends [never] ? false : 0 extends 1 & T ? false : T extends TaskContext ? true : false
