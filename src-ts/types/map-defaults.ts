/**
 * What a call can set and a pool can set for all its calls.
 *
 * Options are read once, at the call, own properties only; undefined counts as absent. A value of the wrong kind and an option
 * that does not exist are a TypeError, one out of range is a RangeError, both with the code `ERR_POOL_INVALID_OPTION`.
 */
export interface MapDefaults {
  /**
   * Tasks that travel together. Integer, minimum 1. Above `maxTasksActive` it is cut to that. Results never depend on it.
   * @default adapts to the cost of a task and to the size of items, where `nSplits` is not given either
   */
  readonly chunkSize?: number | undefined
  /**
   * Number of chunks to make of an input whose length is known; without a length the size adapts. Integer, minimum 1.
   * `chunkSize` wins, but not a pool's default over what a call asks for.
   * @default none
   */
  readonly nSplits?: number | undefined
  /**
   * Number of items where the input cannot tell; items beyond it are not run, fewer are no error. Integer, minimum 0.
   * @default the length of an array, typed array, Set or Map; else none
   */
  readonly iterableLength?: number | undefined
  /**
   * Limit of tasks that were pulled from the input and are not yet done, for iterators: not yet handed to the consumer.
   * Counts tasks, not chunks. Integer, minimum 1. A larger `chunkSize` is cut to it.
   * @default 2 x nJobs x the current chunk size; of an array or typed array a call that is no iterator sends more ahead, up to
   *   512 tasks or 8 chunks of a given size for each worker and some 8 MiB
   */
  readonly maxTasksActive?: number | undefined
  /**
   * Tasks that a worker process may run, of any call, counted since its start; then it is replaced. Chunks are cut to fit. Where
   * calls differ, the lowest of those that a worker has run tasks of holds for it, and one that has run too many for a call
   * runs none of it. As a pool's default it holds for `apply` too. Integer, minimum 1.
   * @default none
   */
  readonly workerLifespan?: number | undefined
  /**
   * Chunk i goes to worker i mod nJobs, counted anew in each call. Without `chunkSize` and `nSplits` the items are cut into
   * 64 x nJobs chunks, or into chunks of one item where their number is not known, so that each item goes to the same worker
   * in every run.
   * @default false
   */
  readonly orderTasks?: boolean | undefined
  /**
   * An array item becomes the arguments of the function; any other item is its one argument. `apply` is not touched by it.
   *
   * As a pool's default it changes what calls do, not how they are typed: the types follow the options of the call.
   * @default false
   */
  readonly spread?: boolean | undefined
  /**
   * The function receives a {@linkcode TaskContext} as its last argument, after the arguments that the call gives it. Native and bound
   * functions never do. As a pool's default it holds for `apply` too; it changes what calls do, not how they are typed.
   * @default false
   */
  readonly passContext?: boolean | undefined
  /**
   * The function receives arrays of up to so many items, and returns an array with one result for each. That is faster where items are
   * small. A batch is one task: `taskTimeout`, `retries`, `workerLifespan`, `chunkSize`, `stats` and `context.index` (that of its first
   * item) count batches; `maxTasksActive`, to which a batch is cut, `iterableLength` and the results count items. If a batch fails, each of
   * its items fails with the same error. A return value that is no array of that length is a `BatchResultError`. Batches of a slow
   * asynchronous input leave short instead of waiting. It cannot be combined with `spread`, and `apply` does not have it.
   *
   * As a pool's default it changes what calls do, not how they are typed. Integer, 1 to 16777216.
   * @default the function receives one item
   */
  readonly batch?: number | undefined
  /**
   * Each result comes as `{ index, value }`, with the index of its item in the input: what `mapUnordered` and `imapUnordered` do not tell
   * otherwise. `mapSettled`, `imapSettled` and `imapSettledUnordered` ignore it. As a pool's default it changes what calls do, not how
   * they are typed.
   * @default false
   */
  readonly withIndex?: boolean | undefined
  /**
   * Milliseconds that each task has, from when its worker begins it until its result is here. A late one is rejected with
   * `TaskTimeoutError`; its worker is killed, in a busy loop too, and replaced. No other task is affected, nor does it matter
   * what this process is busy with. Loading the function's module does not count: `workerStartTimeout` bounds that. Results of a chunk
   * are then sent one by one. A number > 0, at most 2147483647; it is kept to some 10 ms.
   * @default none
   */
  readonly taskTimeout?: number | undefined
  /**
   * How often a task runs again whose worker died, or that was late, after it had begun; never one that threw. An idle worker
   * has it at once; one that is started for it is another one where there is one. The error of the last attempt has those of
   * the earlier ones in `attempts`, where it is one of the library's. Results of a chunk are then sent one by one. Integer, 0 to 4294967295.
   * @default 0
   */
  readonly retries?: number | undefined
  /**
   * Aborting rejects with `signal.reason` at once and drops what is queued. In tasks that run, `context.signal` aborts; after
   * `killGrace` the workers that are still on them are killed, and replaced. As a pool's default it holds for each call that brings none, `apply` too; it does not close the pool.
   * @default none
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds that tasks which run have to end by themselves once `signal` has aborted, or the iterator was told to
   * return, before their workers are killed. 0: they are killed at once, and not told. A number >= 0, at most 2147483647.
   * @default 100
   */
  readonly killGrace?: number | undefined
}
