import type { Progress } from './state.js'

/** How a progress bar looks. */
export interface ProgressBarOptions {
  /**
   * The text before the bar.
   * @default 'tasks'
   */
  readonly description?: string | undefined
  /**
   * Whether the last state of the bar stays in the terminal when the call has ended.
   * @default true
   */
  readonly leave?: boolean | undefined
}

/**
 * Options that a call can set, and that a pool can set as the defaults of its calls.
 *
 * Options are read once, at the call, without their prototype. undefined counts as absent. An unknown option and a value of the wrong
 * kind throw a TypeError, and a value out of range throws a RangeError. Both have the code `ERR_POOL_INVALID_OPTION`.
 */
export interface MapDefaults {
  /**
   * Number of tasks that travel together. Integer, minimum 1. It is reduced to `maxTasksActive`. Results never depend on it.
   * @default adapts to the cost of a task and to the size of items, if `nSplits` is not given either
   */
  readonly chunkSize?: number | undefined
  /**
   * Number of chunks to make of an input of known length. Without a length the size adapts. Integer, minimum 1. `chunkSize` wins, but
   * the `nSplits` of a call wins over the `chunkSize` of the pool.
   * @default none
   */
  readonly nSplits?: number | undefined
  /**
   * Number of items, if the input has no length. Further items are not run. Fewer items are not an error. Integer, minimum 0.
   * @default the length of an array, typed array, Set or Map; otherwise none
   */
  readonly iterableLength?: number | undefined
  /**
   * How many tasks may be pulled from the input and not be done. For iterators: not be handed to the consumer. It counts tasks, not
   * chunks. Integer, minimum 1. A larger `chunkSize` is reduced to it.
   * @default 2 x nJobs x the current chunk size; a call that is not an iterator sends more of an array or typed array ahead, up to 512
   *   tasks or 8 chunks of a given size per worker and about 8 MiB
   */
  readonly maxTasksActive?: number | undefined
  /**
   * How many tasks, of any call, a worker process may run before it is replaced. Chunks are cut to fit. If calls differ, a worker is
   * held to the lowest value among the calls that it has served, and it does not begin a call whose value it has exceeded. As a pool's
   * default it applies to `apply` too. Integer, minimum 1.
   * @default none
   */
  readonly workerLifespan?: number | undefined
  /**
   * Chunk i goes to worker i mod nJobs, counted anew in each call. Without `chunkSize` and `nSplits` there are 64 x nJobs chunks, or
   * chunks of one item if the length of the input is unknown. So each item goes to the same worker in every run.
   * @default false
   */
  readonly orderTasks?: boolean | undefined
  /**
   * An array item becomes the arguments of the function. Any other item is its only argument. `apply` ignores it.
   *
   * As a pool's default it changes what calls do, not how they are typed: the types follow the options of the call.
   * @default false
   */
  readonly spread?: boolean | undefined
  /**
   * The function receives a {@linkcode TaskContext} as its last argument, after the arguments that the call gives. Native and bound
   * functions never do. As a pool's default it applies to `apply` too, and it changes what calls do, not how they are typed.
   * @default false
   */
  readonly passContext?: boolean | undefined
  /**
   * The function receives arrays of up to this many items, and returns an array with one result for each. That is faster if items are
   * small.
   *
   * A batch is one task: `taskTimeout`, `retries`, `workerLifespan`, `chunkSize`, `stats` and `context.index` (that of its first item)
   * count batches. `maxTasksActive`, `iterableLength` and the results count items. A batch is reduced to `maxTasksActive`. If a batch
   * fails, each of its items fails with the same error. A return value that is not an array of the same length fails the batch with a
   * `BatchResultError`. If an asynchronous input is slow, a batch is sent before it is full. `batch` cannot be combined with `spread`,
   * and `apply` does not have it.
   *
   * As a pool's default it changes what calls do, not how they are typed. Integer, 1 to 16777216.
   * @default the function receives one item
   */
  readonly batch?: number | undefined
  /**
   * Each result comes as `{ index, value }`, with the index of its item in the input. `mapSettled`, `imapSettled` and
   * `imapSettledUnordered` ignore it. As a pool's default it changes what calls do, not how they are typed.
   * @default false
   */
  readonly withIndex?: boolean | undefined
  /**
   * Shows on the standard error output how far the call is: a bar in a terminal, several bars below each other if several calls run, and
   * otherwise a line every ten seconds and one at the end. `apply` ignores it.
   * @default false
   */
  readonly progressBar?: boolean | ProgressBarOptions | undefined
  /**
   * Is called with the {@linkcode Progress} of the call: about ten times a second from the start of the call on, while the event loop of
   * this process runs, and once when the call ends. It costs the tasks nothing. If it throws, the call fails with what it has thrown,
   * unless the call has an error already. `apply` ignores it.
   * @default none
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /**
   * Milliseconds per task, from when its worker begins it until its result is here. A task that exceeds them is rejected with
   * `TaskTimeoutError`, and its worker is killed, even in a busy loop, and replaced. Other tasks are unaffected, and the limit is kept
   * while this process is busy. Loading the function's module does not count, because `workerStartTimeout` bounds it. Results of a
   * chunk are sent one by one if there is a limit. A number > 0, at most 2147483647. It is kept to about 10 ms.
   * @default none
   */
  readonly taskTimeout?: number | undefined
  /**
   * How often a task runs again after its worker died or it exceeded `taskTimeout`. A task that throws is not retried. The retry goes to
   * an idle worker immediately. If a worker must be started for it, one with another id is preferred. If the last attempt ends with an
   * error of the library, its `attempts` has the errors of the earlier ones. Results of a chunk are sent one by one if there are
   * retries. Integer, 0 to 4294967295.
   * @default 0
   */
  readonly retries?: number | undefined
  /**
   * Aborting rejects with `signal.reason` at once and drops queued tasks. In running tasks `context.signal` aborts. The workers of tasks
   * that still run after `killGrace` are killed and replaced. As a pool's default it applies to each call without a signal, `apply`
   * included. It does not close the pool.
   * @default none
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds that running tasks have to end by themselves after `signal` has aborted or `return()` of the iterator was called. Then
   * their workers are killed. With 0 they are killed at once, and `context.signal` does not abort. A number >= 0, at most 2147483647.
   * @default 100
   */
  readonly killGrace?: number | undefined
}
