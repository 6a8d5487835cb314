/** CPU ids for pinning: `[2, 3]` one each, `[0]` one for all, `[[4, 5]]` a set for all, `[[0, 1], [2, 3]]` a set each. */
export type CpuIds = readonly (number | readonly number[])[]

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

/** What only a call can set. */
export interface CallOptions {
  /**
   * Values that the function sees as variables of these names, before those around it. They are cloned, functions shipped with what they
   * capture.
   */
  readonly context?: Readonly<Record<string, unknown>> | undefined
}

/** Options of one `map`, `imap` or one of their siblings. */
export interface MapOptions extends MapDefaults, CallOptions {
  /** See {@linkcode MapDefaults}. */
  readonly spread?: false | undefined
}

/** {@linkcode MapOptions} of a call whose items are the arguments of the function. */
export interface SpreadOptions extends MapDefaults, CallOptions {
  /** See {@linkcode MapDefaults}. */
  readonly spread: true
}

/** Options of one `apply`. */
export interface TaskOptions extends CallOptions {
  /**
   * The function receives a {@linkcode TaskContext} as its last argument; see {@linkcode MapDefaults}.
   * @default the pool's
   */
  readonly passContext?: boolean | undefined
  /**
   * Milliseconds from when the worker begins the task until its result is here; see {@linkcode MapDefaults}.
   * @default the pool's
   */
  readonly taskTimeout?: number | undefined
  /**
   * How often a task runs again whose worker died, or that was late, after it had begun; never one that threw. An idle worker
   * has it at once; one that is started for it is another one where there is one. The error of the last attempt has those of
   * the earlier ones in `attempts`, where it is one of the library's. Results of a chunk are then sent one by one. Integer, 0 to 4294967295.
   * @default the pool's
   */
  readonly retries?: number | undefined
  /**
   * Aborting rejects with `signal.reason` at once. A task that waits is dropped; in one that runs `context.signal` aborts, and
   * after `killGrace` its worker is killed if it is still on, and replaced.
   * @default the pool's
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds that the running task has to end by itself after an abort; see {@linkcode MapDefaults}.
   * @default the pool's
   */
  readonly killGrace?: number | undefined
}

/** Options of `stopAndJoin`. */
export interface JoinOptions {
  /**
   * Milliseconds after which the pool is terminated instead; the promise is fulfilled then too. Finite, minimum 0.
   * @default none
   */
  readonly timeout?: number | undefined
}

/** Options of a pool; those of {@linkcode MapDefaults} hold for every call that does not set its own. */
export interface WorkerPoolOptions extends MapDefaults {
  /**
   * Number of worker processes. Integer, 1 to 1024; more than there are CPUs is fine.
   * @default the CPUs this process may use: its affinity mask, cut to the cgroup's quota
   */
  readonly nJobs?: number | undefined
  /**
   * The CPUs to run on, for the whole process with all its threads, from its first instruction. Its length is 1 or `nJobs`; an
   * id is an integer, 0 to `cpuCount() - 1`; a set is not empty. A set is cut to what this process may use; one of which nothing
   * is left is refused. null or an empty array: no pinning.
   * @default no pinning
   */
  readonly cpuIds?: CpuIds | null | undefined
  /**
   * Daemonic workers may not make pools of their own: `DaemonicProcessError`. False: pools nest to any depth.
   * @default true
   */
  readonly daemon?: boolean | undefined
  /**
   * The whole environment of the workers; nothing is added from that of this process. Names whose value is undefined are left
   * out, and so is what tells a child of a test runner, of IPC or of the inspector.
   * @default the environment of this process when the pool is constructed
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /**
   * The working directory of the workers: a path, resolved when the pool is made, or a `file:` URL.
   * @default the working directory of this process when the pool is constructed
   */
  readonly cwd?: string | URL | undefined
  /**
   * Options of node for the workers, taken as they are.
   * @default those of this process when the pool is constructed, without what would run something else than a worker (`-e`,
   *   `--test`, ...) or inspect it; relative paths count from the directory where this library was loaded
   */
  readonly execArgv?: readonly string[] | undefined
  /**
   * The node program to run the workers with: a path, or a name to be looked up in PATH. In a single-executable app it has to
   * be given.
   * @default process.execPath
   */
  readonly execPath?: string | undefined
  /**
   * Where the workers' stdout and stderr go; stdin is always empty. `'pipe'`: to the pool's `stdout` and `stderr`.
   * @default 'inherit'
   */
  readonly stdio?: 'inherit' | 'ignore' | 'pipe' | undefined
  /**
   * Calls of `apply` that may wait for a worker; one more is rejected with `QueueFullError` and nothing else changes. One that
   * a free worker takes, or a worker that has yet to be started, does not wait: up to `nJobs` more are accepted. Other
   * calls are not counted. Integer, minimum 0.
   * @default none
   */
  readonly maxQueue?: number | undefined
  /**
   * Milliseconds without work after which a worker leaves, by its own `process.exit(0)`; the next work starts another one.
   * Minimum 0.
   * @default none: workers stay
   */
  readonly idleTimeout?: number | undefined
  /**
   * Milliseconds that a worker process may take to become ready, and that a worker may take to load the module of a function.
   * A worker that is not ready in time is killed; after three failed starts in a row the waiting work is rejected with
   * `WorkerStartError`, unless another worker of the pool is good. A task whose function is not loaded in time is rejected with
   * `TaskFunctionError`, without a retry, and its worker is replaced. A number > 0, at most 2147483647.
   * @default 60000
   */
  readonly workerStartTimeout?: number | undefined
  /**
   * Bytes of resident memory; a worker that uses more is replaced after the task that it has just run. Its size is looked at
   * after tasks, every 2 ms at the most. A worker always runs one task, also where Node alone is larger (some 45 MB). Integer, minimum 1.
   * @default none
   */
  readonly maxWorkerMemory?: number | undefined
  /**
   * Bytes of V8's heap (its old generation), in steps of 1 MiB, whatever `execArgv` and `NODE_OPTIONS` say: a task that needs
   * more ends its worker. Integer, minimum 16 MiB.
   * @default Node's
   */
  readonly maxHeap?: number | undefined
}
