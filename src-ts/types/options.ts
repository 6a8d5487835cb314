import type { MapDefaults } from './map-defaults.js'

/** CPU ids for pinning: `[2, 3]` one each, `[0]` one for all, `[[4, 5]]` a set for all, `[[0, 1], [2, 3]]` a set each. */
export type CpuIds = readonly (number | readonly number[])[]

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
  readonly batch?: undefined
}

/** {@linkcode MapOptions} of a call whose function receives batches of items. */
export interface BatchOptions extends MapDefaults, CallOptions {
  /** See {@linkcode MapDefaults}. */
  readonly batch: number
  readonly spread?: false | undefined
}

/** {@linkcode MapOptions} of a call whose items are the arguments of the function. */
export interface SpreadOptions extends MapDefaults, CallOptions {
  /** See {@linkcode MapDefaults}. */
  readonly spread: true
  readonly batch?: undefined
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
