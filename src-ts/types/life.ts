import type { AnyFunction, Referenced, TaskContext } from './functions.js'

/** A function that runs in a worker and receives its context, a reference to one, or the URL of a module whose default export it is. */
export type LifeFunction<Shared = unknown> =
  ((context: TaskContext<Shared>) => unknown) | Referenced<AnyFunction> | (() => unknown) | URL

/** What workers do before their first task and when they leave. A pool has defaults for its calls. */
export interface LifeOptions<Shared = unknown> {
  /**
   * Runs in each worker before its first task of a call that names it, and again in each replacement. It may be asynchronous. Its context
   * has `workerId`, `state` and `shared`, as that of a task; its `index` is 0 and its `signal` never aborts. What it returns is ignored.
   *
   * It is no task: it is in no count, and the time of a task does not include it. An init of the same source with equal captured values is
   * the same one and runs once in each worker, whatever the number of calls that name it. The variables of a pool's init are read when the
   * first call needs it, those of a call's init at the call.
   *
   * If it throws, does not end within `workerInitTimeout`, or its worker dies, each open call that names it is rejected with one
   * `WorkerInitError`. The next call tries again.
   * @default none
   */
  readonly workerInit?: LifeFunction<Shared> | undefined
  /**
   * Runs in each worker that leaves: at `stopAndJoin`, `recycle`, `workerLifespan`, `idleTimeout`, `maxWorkerMemory` and at the end of the
   * program, if the worker has begun a call that names it. It may be asynchronous, and has a context as `workerInit`. What it returns is in
   * `pool.getExitResults()`. If calls name several, all of them run, the last one first. It does not run in a worker that is killed.
   *
   * What it throws is raised by `stopAndJoin` as a `WorkerExitError`, or told by the event `error` if the worker left for another reason. The
   * worker ends all the same.
   * @default none
   */
  readonly workerExit?: LifeFunction<Shared> | undefined
  /**
   * Milliseconds for `workerInit`, with what has to be loaded for it. A worker that exceeds them is killed. A number > 0, at most 2147483647.
   * @default none
   */
  readonly workerInitTimeout?: number | undefined
  /**
   * Milliseconds for the exit functions of a worker together. A worker that exceeds them is killed. If calls differ, the highest value counts.
   * A number > 0, at most 2147483647.
   * @default 5000
   */
  readonly workerExitTimeout?: number | undefined
}
