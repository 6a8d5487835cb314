import type { Indexed } from './calls.js'
import type { CallOptions } from './options.js'
import type { MapDefaults } from './map-defaults.js'
import type { TypedArrayOf } from './shared.js'

/** A typed array of any kind. */
export type AnyTypedArray = TypedArrayOf<number> | TypedArrayOf<bigint>

/** Options of a map whose items are slices of a typed array. */
export interface SliceOptions<Shared = unknown> extends MapDefaults, CallOptions<Shared> {
  /**
   * The function receives parts of a typed array instead of its elements. A part of a `sharedArray` is a view of the same memory: nothing is
   * copied, and what the function writes is seen everywhere. A part of another array is a copy. A part of a Buffer is a Buffer.
   *
   * `chunkSize` is the number of elements of a slice, and `nSplits` the number of slices. Without both there are 4 x nJobs slices, whose
   * lengths differ by at most one. `iterableLength` counts elements. A slice is one task and one item: results, `context.index`, progress,
   * `maxTasksActive`, `taskTimeout`, `retries`, `workerLifespan` and `orderTasks` count slices. `slices` cannot be combined with `batch`
   * and `spread`.
   * @default false
   */
  readonly slices: true
  readonly spread?: false | undefined
  readonly batch?: undefined
}

/** What only `map` and `mapUnordered` can do with their results. */
export interface ConcatenateOptions {
  /**
   * The results, typed arrays of one kind, are joined into one typed array: by `map` in the order of the input, by `mapUnordered` in the
   * order of completion. A result that is no typed array, or one of another kind than the result that came first, rejects the call with a
   * `ConcatenationError`. Without results the array is of the kind of the input, and if that is no typed array, the call is rejected. It
   * cannot be combined with `withIndex`.
   * @default false
   */
  readonly concatenate?: boolean | undefined
}

/** What `map` and `mapUnordered` return for results of type `R`: a list, or with `concatenate: true` one typed array. */
export type ListOf<R, O> = O extends { readonly concatenate: true } ? Joined<R> : Indexed<R, O>[]

/** The array that typed arrays make together: never a shared one. `never` if they are no typed arrays. */
export type Joined<R> = R extends Buffer
  ? Buffer
  : R extends { readonly [Symbol.toStringTag]: keyof ArrayKinds }
    ? ArrayKinds[R[typeof Symbol.toStringTag]]
    : R extends AnyTypedArray
      ? R
      : never

interface ArrayKinds {
  readonly Int8Array: Int8Array
  readonly Uint8Array: Uint8Array
  readonly Uint8ClampedArray: Uint8ClampedArray
  readonly Int16Array: Int16Array
  readonly Uint16Array: Uint16Array
  readonly Int32Array: Int32Array
  readonly Uint32Array: Uint32Array
  readonly Float32Array: Float32Array
  readonly Float64Array: Float64Array
  readonly BigInt64Array: BigInt64Array
  readonly BigUint64Array: BigUint64Array
}
