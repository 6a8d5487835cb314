/** CPU ids for pinning: `[2, 3]` one each, `[0]` one for all, `[[4, 5]]` a set for all, `[[0, 1], [2, 3]]` a set each. */
export type CpuIds = readonly (number | readonly number[])[]

/** What a call can set and a pool can set for all its calls. */
export interface MapDefaults {
  /**
   * Tasks that travel together. Integer, minimum 1. Given neither this nor `nSplits`, the size adapts to the cost of a task.
   */
  readonly chunkSize?: number | undefined
  /** Number of chunks to make of an input whose length is known. Integer, minimum 1. `chunkSize` wins. */
  readonly nSplits?: number | undefined
  /** Number of items where the input cannot tell; items beyond it are not run. Integer, minimum 0. */
  readonly iterableLength?: number | undefined
  /**
   * Limit of tasks that were pulled from the input and are not yet done, for iterators: not yet handed to the consumer.
   * Integer, minimum 1. A larger `chunkSize` is cut to it.
   * @default 2 x nJobs x the current chunk size
   */
  readonly maxTasksActive?: number | undefined
  /**
   * Chunk i goes to worker i mod nJobs, counted anew in each call.
   * @default false
   */
  readonly orderTasks?: boolean | undefined
  /**
   * An array item becomes the arguments of the function.
   *
   * As a pool's default it changes what calls do, not how they are typed: the types follow the options of the call.
   * @default false
   */
  readonly spread?: boolean | undefined
  /** Aborting drops what is queued, kills the workers that run tasks of the call, and rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** Options of one `map`, `mapUnordered`, `imap`, `imapUnordered` or `mapSettled`. */
export interface MapOptions extends MapDefaults {
  readonly spread?: false | undefined
}

/** {@linkcode MapOptions} of a call whose items are the arguments of the function. */
export interface SpreadOptions extends MapDefaults {
  readonly spread: true
}

/** Options of one `apply`. */
export interface TaskOptions {
  /** Aborting drops the task, or kills the worker that runs it, and rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** Options of `stopAndJoin`. */
export interface JoinOptions {
  /** Milliseconds after which the pool is terminated instead. Minimum 0. Off by default. */
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
   * The CPUs to run on. Its length is 1 or `nJobs`; an id is an integer, 0 to `cpuCount() - 1`. A set is cut to what this
   * process may use. null or an empty array: no pinning.
   */
  readonly cpuIds?: CpuIds | null | undefined
  /**
   * Daemonic workers may not make pools of their own. False: pools nest to any depth.
   * @default true
   */
  readonly daemon?: boolean | undefined
  /**
   * The whole environment of the workers. Names whose value is undefined are left out.
   * @default the environment of this process
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /**
   * The working directory of the workers: a path or a `file:` URL.
   * @default the working directory of this process
   */
  readonly cwd?: string | URL | undefined
  /**
   * Options of node for the workers.
   * @default those of this process that suit a worker
   */
  readonly execArgv?: readonly string[] | undefined
  /**
   * The node program to run the workers with.
   * @default process.execPath
   */
  readonly execPath?: string | undefined
  /**
   * Where the workers' stdout and stderr go; stdin is always empty.
   * @default 'inherit'
   */
  readonly stdio?: 'inherit' | 'ignore' | undefined
}
