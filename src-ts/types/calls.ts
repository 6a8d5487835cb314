import type { AnyFunction, ArgsOf, Referenced, TaskContext } from './functions.js'
import type { LifeOptions } from './life.js'
import type { MapDefaults } from './map-defaults.js'

/**
 * The results of `imap` and its siblings, for `for await`. `return()` drops what is queued and ends the input. Leaving the loop calls it,
 * and so does the end of an `await using` scope.
 */
export interface ResultIterator<R> extends AsyncIterableIterator<R>, AsyncDisposable {
  [Symbol.asyncIterator](): ResultIterator<R>
}

/** The outcome of one item, from `imapSettled` or `imapSettledUnordered`. `index` is the index of the item in the input. */
export type SettledItem<R> =
  | { readonly index: number; readonly status: 'fulfilled'; readonly value: R }
  | { readonly index: number; readonly status: 'rejected'; readonly reason: unknown }

/** The type of a call without options. */
export type NoOptions = Readonly<Record<never, never>>

/** The constraint on the options `O` of a call. An option that `Known` does not have is an error. */
export type Only<O, Known> = Known & { readonly [K in Exclude<keyof O, keyof Known>]?: never }

/** What a call says about `passContext`. */
export type Passing = boolean | undefined

/**
 * The options of a call, of type `O`. A literal with a function whose parameters have no types tells the compiler nothing about `O` until it
 * knows these types. So it finds here, before that, the types of these parameters and whether the context is passed. `O` stands first
 * by itself for options whose type is a union.
 */
export type Given<O, S, P extends Passing> = O | (O & Listening<S> & { readonly passContext?: P | undefined })

type Listening<S> = Pick<MapDefaults, 'onProgress'> & Pick<LifeOptions<S>, 'workerInit' | 'workerExit'>

/** The arguments that the pool adds: the context, if the call's options say `passContext: true`. */
export type Added<P extends Passing, S = unknown> = [P] extends [true] ? [context: TaskContext<S>] : []

/** What a call returns for a result of type `R`. With `withIndex: true` it has the index of its item as well. */
export type Indexed<R, O> = O extends { readonly withIndex: true } ? IndexedResult<R> : R

/** A result with the index of its item in the input. */
export interface IndexedResult<R> {
  readonly index: number
  readonly value: R
}

/** A function of one item, or a reference to one. */
export type TaskFunction<T, R, P extends Passing = undefined, S = unknown> =
  Referenced<(item: T, ...added: Added<P, S>) => R> | ((item: T, ...added: Added<P, S>) => R)

/** A function of a batch of items that returns an array with one result for each, or a reference to one. */
export type BatchFunction<T, R, P extends Passing, S = unknown> =
  ((batch: T[], ...added: Added<P, S>) => Results<R>) | Referenced<(batch: T[], ...added: Added<P, S>) => Results<R>>

type Results<R> = readonly R[] | PromiseLike<readonly R[]>

/** Items that are arguments. With this type the compiler infers a tuple from an array literal. */
export type Arguments = readonly unknown[] | []

/** A function of several arguments, whose types follow from the items. */
// NoInfer, because a function with fewer parameters would make the items shorter.
export type SpreadFunction<A extends readonly unknown[], R, P extends Passing, S = unknown> = (
  ...args: NoInfer<[...args: A, ...added: Added<P, S>]>
) => R

/** A function of any arguments, or a reference to one. */
export type FunctionOrReference<F extends AnyFunction> = F | Referenced<F>

/** The arguments that a call gives to `F`. */
export type ArgumentsOf<F extends AnyFunction, P extends Passing> = Readonly<
  [P] extends [true] ? ArgsOf<F> : Parameters<F>
>
