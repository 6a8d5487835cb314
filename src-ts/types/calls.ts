import type { AnyFunction, ArgsOf, TaskContext, TaskReference } from './functions.js'

/**
 * The results of `imap` and its siblings, for `for await`. Its `return()`, which leaving the loop and the end of the scope of an
 * `await using` call, drops what is queued and ends the input.
 */
export interface ResultIterator<R> extends AsyncIterableIterator<R>, AsyncDisposable {
  [Symbol.asyncIterator](): ResultIterator<R>
}

/** What became of one item, as `imapSettled` and `imapSettledUnordered` tell it; `index` is its place in the input. */
export type SettledItem<R> =
  | { readonly index: number; readonly status: 'fulfilled'; readonly value: R }
  | { readonly index: number; readonly status: 'rejected'; readonly reason: unknown }

/** Items that are arguments. The compiler takes an array literal for a tuple here. */
export type Arguments = readonly unknown[] | []

// Hides the arguments from inference: they are to follow from the items, or a function that leaves out the context would
// be taken for one of fewer arguments.
/** A function of several arguments, whose types follow from the items. It may take the context after them. */
export type SpreadFunction<A extends readonly unknown[], R> = (
  ...args: NoInfer<[...args: A, context: TaskContext]>
) => R

/** A function of any arguments, or the reference to one. */
export type FunctionOrReference<F extends AnyFunction> = F | TaskReference<F>

/** A function of one item, or the reference to one. */
export type ItemFunction<T, R> = ((item: T) => R) | TaskReference<(item: T) => R>

/** The arguments of the function `F`, as one item. */
export type ArgumentsOf<F extends AnyFunction> = Readonly<ArgsOf<F>>

/** What follows the function in `apply`: the arguments may be left out where none is needed. */
export type ApplyRest<F extends AnyFunction, O> =
  [] extends ArgsOf<F> ? [args?: ArgumentsOf<F> | undefined, options?: O] : [args: ArgumentsOf<F>, options?: O]
