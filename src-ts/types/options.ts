import type { LifeOptions } from './life.js'
import type { MapDefaults } from './map-defaults.js'

/** CPU ids for pinning: `[2, 3]` one each, `[0]` one for all, `[[4, 5]]` a set for all, `[[0, 1], [2, 3]]` a set each. */
export type CpuIds = readonly (number | readonly number[])[]

/** What only a call can set. */
export interface CallOptions<Shared = unknown> extends LifeOptions<Shared> {
  /**
   * Values that the function sees as variables of these names. They win over variables around the function. They are cloned, and
   * functions among them are sent with what they capture.
   */
  readonly context?: Readonly<Record<string, unknown>> | undefined
}

/** Options of one `map`, `imap` or one of their siblings. */
export interface MapOptions<Shared = unknown> extends MapDefaults, CallOptions<Shared> {
  /** See {@linkcode MapDefaults}. */
  readonly spread?: false | undefined
  readonly batch?: undefined
  /** See `SliceOptions`. */
  readonly slices?: false | undefined
}

/** {@linkcode MapOptions} of a call whose function receives batches of items. */
export interface BatchOptions<Shared = unknown> extends MapDefaults, CallOptions<Shared> {
  /** See {@linkcode MapDefaults}. */
  readonly batch: number
  readonly spread?: false | undefined
}

/** {@linkcode MapOptions} of a call whose items are the arguments of the function. */
export interface SpreadOptions<Shared = unknown> extends MapDefaults, CallOptions<Shared> {
  /** See {@linkcode MapDefaults}. */
  readonly spread: true
  readonly batch?: undefined
}

/** Options of one `apply`. */
export interface TaskOptions<Shared = unknown> extends CallOptions<Shared> {
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
   * How often the task runs again after its worker died or it exceeded `taskTimeout`; see {@linkcode MapDefaults}. Integer, 0 to
   * 4294967295.
   * @default the pool's
   */
  readonly retries?: number | undefined
  /**
   * Aborting rejects with `signal.reason` at once. A waiting task is dropped. In a running task `context.signal` aborts, and if the task
   * still runs after `killGrace`, its worker is killed and replaced.
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
   * Milliseconds after which the pool is terminated instead. The promise is fulfilled in that case too. Finite, minimum 0.
   * @default none
   */
  readonly timeout?: number | undefined
}

/** Options of `resize`. */
export interface ResizeOptions {
  /**
   * The CPUs to run on from now on, as in the options of the pool: the length is 1 or the new number of workers. Workers whose CPUs change
   * leave after their running task, and are started again when there is work. With null or an empty array there is no pinning.
   * @default the pool's, if it has one entry for all workers or none
   */
  readonly cpuIds?: CpuIds | null | undefined
}

/** Options of a pool. Those of {@linkcode MapDefaults} apply to every call that does not set its own. */
export interface WorkerPoolOptions<Shared = unknown> extends MapDefaults, LifeOptions<NoInfer<Shared>> {
  /**
   * A value that every worker gets once, whatever the number of tasks, and tasks find as `context.shared`. It is sent with the first call
   * that a worker serves, and again to each replacement. Functions and class instances in it travel as captured ones do. Each worker has a
   * copy of its own: a change in one worker is not seen elsewhere. The value is copied when the first call needs it.
   * @default none
   */
  readonly sharedObjects?: Shared | undefined
  /**
   * With false, each worker that has begun a task leaves gracefully when no call is open any more: it runs its exit functions, and the next
   * call starts another one, with a new state. A call does not wait for that.
   * @default true
   */
  readonly keepAlive?: boolean | undefined
  /**
   * Number of worker processes. Integer, 0 to 1024. It may exceed the number of CPUs. With 0 the tasks run in this process, one at a
   * time, for debugging and coverage. Nothing can be killed or pinned there, so `cpuIds`, `taskTimeout`, `workerLifespan`,
   * `maxWorkerMemory`, `maxHeap`, `env`, `cwd`, `execArgv`, `execPath` and any `stdio` but `'inherit'` are refused.
   * @default the number of CPUs that this process may use: its affinity mask, limited by the cgroup's quota
   */
  readonly nJobs?: number | undefined
  /**
   * The CPUs to run on, for all threads of a worker, from its first instruction. The length is 1 or `nJobs`. An id is an integer, 0 to
   * `cpuCount() - 1`. A set must not be empty. CPUs that this process may not use are removed from a set, and a set of which nothing is
   * left is refused. With null or an empty array there is no pinning.
   * @default no pinning
   */
  readonly cpuIds?: CpuIds | null | undefined
  /**
   * With true, a task that makes a pool gets a `DaemonicProcessError`. With false, pools nest to any depth.
   * @default true
   */
  readonly daemon?: boolean | undefined
  /**
   * The whole environment of the workers. Nothing is added from that of this process. Names whose value is undefined are left out, and
   * so are variables that mark a process as a child of a test runner, of IPC or of the inspector.
   * @default the environment of this process when the pool is constructed
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /**
   * The working directory of the workers: a path, which is resolved when the pool is constructed, or a `file:` URL.
   * @default the working directory of this process when the pool is constructed
   */
  readonly cwd?: string | URL | undefined
  /**
   * Options of node for the workers. They are used unchanged.
   * @default those of this process when the pool is constructed, without options that run something else (`-e`, `--test`, ...) or open
   *   the inspector; relative paths start at the directory where this library was loaded
   */
  readonly execArgv?: readonly string[] | undefined
  /**
   * The node program that runs the workers: a path, or a name that is looked up in PATH. A single-executable
   * app, Bun and Deno have to give it.
   * @default process.execPath
   */
  readonly execPath?: string | undefined
  /**
   * Where the workers' stdout and stderr go. With `'pipe'` they go to the pool's `stdout` and `stderr`. stdin is always empty.
   * @default 'inherit'
   */
  readonly stdio?: 'inherit' | 'ignore' | 'pipe' | undefined
  /**
   * The number of `apply` calls that may wait for a worker. One more is rejected with `QueueFullError`. A call does not wait if a worker
   * is free for it or can be started for it, so up to `nJobs` further calls are accepted. Other methods are not counted. Integer,
   * minimum 0.
   * @default none
   */
  readonly maxQueue?: number | undefined
  /**
   * Milliseconds without work after which a worker leaves gracefully, by its own `process.exit(0)`. The next work starts another one.
   * Minimum 0.
   * @default none: workers stay
   */
  readonly idleTimeout?: number | undefined
  /**
   * Milliseconds that a worker process may take to become ready, and that a worker may take to load the module of a function.
   * A worker that is not ready in time is killed. After three failed starts in a row the waiting work is rejected with
   * `WorkerStartError`, unless another worker of the pool is ready. A task whose function is not loaded in time is rejected with
   * `TaskFunctionError`, without a retry, and its worker is replaced. A number > 0, at most 2147483647.
   * @default 60000
   */
  readonly workerStartTimeout?: number | undefined
  /**
   * Whether the workers note what they do with their time, for `getInsights()` and `printInsights()`. It costs each task about as much as
   * one look at the clock. See docs/insights.md.
   * @default false
   */
  readonly enableInsights?: boolean | undefined
  /**
   * Bytes of resident memory. A worker that uses more is replaced after the task that it has just run. The size is checked after tasks,
   * at most every 2 ms. A worker always runs one task, even if Node alone is larger (about 45 MB). Integer, minimum 1.
   * @default none
   */
  readonly maxWorkerMemory?: number | undefined
  /**
   * Bytes of V8's heap (its old generation), in steps of 1 MiB. It wins over `execArgv` and `NODE_OPTIONS`. A task that needs more ends
   * its worker. Integer, minimum 16 MiB.
   * @default Node's
   */
  readonly maxHeap?: number | undefined
}
