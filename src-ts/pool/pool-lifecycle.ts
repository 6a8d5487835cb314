import type { Readable } from 'node:stream'
import type { InspectOptions } from 'node:util'

import { atEntry, type Entry, invalidOption } from '../errors/index.js'
import { Object, Symbol as symbols } from '../primordials.js'
import type { Insights, JoinOptions, PoolEvents, PoolStats, ResizeOptions, Trace, WorkerInfo } from '../types/index.js'
import type { PoolState } from './pool-state.js'

/**
 * The private state behind a pool.
 * @param entry The public method that was called.
 * @throws TypeError if the method was called without its pool, as after `const { map } = pool`
 */
export let stateOf: (pool: unknown, entry: Entry) => PoolState

/** The part of `WorkerPool` that closes it and shows its workers, output and events. */
export abstract class PoolLifecycle implements AsyncDisposable {
  readonly #state: PoolState

  static {
    stateOf = (pool, entry) => {
      if (typeof pool === 'object' && pool !== null && #state in pool) return pool.#state
      return atEntry(entry, () => {
        throw invalidOption('type', 'this', pool, `a WorkerPool: call it as pool.${entry.name}(...)`)
      })
    }
    // Not declared as a member, because only Node calls it.
    Object.defineProperty(this.prototype, symbols.for('nodejs.util.inspect.custom'), {
      value(this: PoolLifecycle, depth: number, options: InspectOptions): string {
        const { name } = this.constructor
        return depth < 0 || !(#state in this) ? `[${name}]` : this.#state.describe(name, options)
      },
      configurable: true,
      writable: true
    })
  }

  constructor(state: PoolState) {
    this.#state = state
  }

  /**
   * Accepts nothing new, finishes the accepted work, and lets the workers leave. Each calls its own `process.exit(0)`, and is killed
   * after five seconds. Items that an iterator has pulled are accepted work, and their results stay readable. A second call waits for
   * the same end. If a `workerExit` fails, the promise is rejected with a {@linkcode WorkerExitError} when the pool has ended.
   * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, as a rejection.
   * @example
   * await pool.stopAndJoin({ timeout: 10_000 })
   */
  async stopAndJoin(options?: JoinOptions): Promise<void> {
    await atEntry(methods.stopAndJoin, () => stateOf(this, methods.stopAndJoin).join(options))
  }

  /**
   * Kills all workers now, busy ones too. Open calls are rejected with {@linkcode PoolTerminatedError}.
   * @example
   * process.once('SIGINT', () => void pool.terminate())
   */
  async terminate(): Promise<void> {
    await atEntry(methods.terminate, () => stateOf(this, methods.terminate).terminate())
  }

  /**
   * Replaces each worker that has begun a task. A running task finishes first. Other workers run the tasks that the worker had not begun.
   * Resolves when the old processes have ended. Each calls its own `process.exit(0)`, and is killed after five seconds. Replacements
   * start when there is work. Rejects if the pool is closed.
   * @example
   * await pool.recycle()
   */
  async recycle(): Promise<void> {
    await atEntry(methods.recycle, () => stateOf(this, methods.recycle).recycle())
  }

  /**
   * Changes the number of workers. Calls that are made from now on have the new number in their defaults. Calls that are open go on, and
   * use new workers as far as their own `maxTasksActive` allows.
   *
   * If there are more workers, they start when there is work. If there are fewer, those with the highest ids leave: each finishes its
   * running task, runs its exit functions, calls its own `process.exit(0)`, and is killed after five seconds. Other workers run the tasks
   * that it had not begun. Workers that a call with `orderTasks` needs stay until the call has ended.
   *
   * Resolves when the workers that leave have ended, and not before the end of the `orderTasks` and `warm` calls that were open. The end
   * of the pool resolves it too. Rejects if the pool is closed. A pool with `nJobs: 0` has no workers and cannot be resized.
   * @param nJobs Integer, 1 to 1024.
   * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, as a rejection: for a bad argument, and if the pool has `cpuIds` for each
   *   worker and `options` has no new ones.
   * @example
   * await pool.resize(8)
   */
  async resize(nJobs: number, options?: ResizeOptions): Promise<void> {
    await atEntry(methods.resize, () => stateOf(this, methods.resize).resize(nJobs, options))
  }

  /**
   * What `workerExit` has returned in the workers that have left so far, in the order in which the results arrived. After `stopAndJoin`, and
   * after the end of an `await using` scope without pending work, it has the result of each worker that has run a task. A worker that was
   * replaced has its result here too.
   * @example
   * await pool.stopAndJoin()
   * const counts = pool.getExitResults()
   */
  getExitResults(): unknown[] {
    return [...this.#state.exitResults]
  }

  /**
   * What the workers have done with their time since the pool was made, or since {@linkcode resetInsights}: exact at the moment, also while
   * tasks run. It stays readable after `stopAndJoin` and `terminate`. Without `enableInsights` it has `enabled: false`, zeros and empty lists.
   * @example
   * const { workingTime, taskTime } = pool.getInsights()
   * console.log(`${workingTime.ratio * 100} % of the time in tasks, the median took ${taskTime.p50} ms`)
   */
  getInsights(): Insights {
    return this.#state.getInsights()
  }

  /** Writes {@linkcode getInsights} to the standard output, as tables and a histogram. */
  printInsights(): void {
    this.#state.printInsights()
  }

  /** Lets insights begin again. It changes nothing without `enableInsights`. */
  resetInsights(): void {
    this.#state.insights?.reset()
  }

  /**
   * Writes a trace of what the workers do into a file, which Perfetto (https://ui.perfetto.dev) and chrome://tracing open: one row for
   * each worker, with its chunks, tasks, set-ups, waits, starts and ends. It begins when the promise resolves, and ends by `stop` or with
   * the pool. A file that is there already is overwritten. While no trace is written, this costs nothing.
   *
   * If the file cannot be written any more, the event `error` says so, the work goes on, and `stop` rejects.
   * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, as a rejection: for a bad argument, while another trace of this pool is
   *   being written, and with `nJobs: 0`.
   * @throws Error with the code of the system, such as `ENOENT`, as a rejection, if the file cannot be opened.
   * @example
   * const trace = await pool.trace('build.json')
   * await pool.map(compile, files)
   * await trace.stop()
   */
  async trace(file: string | URL): Promise<Trace> {
    return await atEntry(methods.trace, () => stateOf(this, methods.trace).trace(file))
  }

  /** `stopAndJoin` if no promise is pending and no iterator is open, otherwise `terminate`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await atEntry(methods.dispose, () => stateOf(this, methods.dispose).dispose())
  }

  /** True once `stopAndJoin` or `terminate` was called. */
  get closed(): boolean {
    return this.#state.isClosed
  }

  /** The workers that have a process now, by ascending id. */
  get workers(): readonly WorkerInfo[] {
    return this.#state.workers
  }

  /**
   * With `stdio: 'pipe'`, a stream of what all workers write to their stdout; otherwise null. Lines of different workers are not mixed
   * (up to 64 KiB each), and the last line of a process gets a line end. The stream ends when `stopAndJoin` or `terminate` is fulfilled,
   * and is complete then.
   *
   * Until the first read, only the last 1 MiB is buffered, and a marker line says how much was dropped. From then on nothing is dropped:
   * if the reader is 1 MiB behind, the workers wait. The stream does not keep the process alive.
   */
  get stdout(): Readable | null {
    return this.#state.output?.stdout ?? null
  }

  /** The same of stderr. */
  get stderr(): Readable | null {
    return this.#state.output?.stderr ?? null
  }

  /** The current counts of tasks since the pool was constructed. They stay readable after closing. */
  get stats(): PoolStats {
    return this.#state.stats
  }

  /**
   * Calls `listener` each time the event happens; see {@linkcode PoolEvents}. A pool with a listener is not garbage-collected until it is
   * closed.
   * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`.
   * @example
   * pool.on('workerExit', ({ pid }, { signal }) => console.error('worker', pid, 'has ended', signal))
   */
  on<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    return this.#listen('on', event, listener)
  }

  /**
   * Calls `listener` the next time the event happens, and not again.
   * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`.
   * @example
   * pool.once('workerStart', ({ pid }) => console.log('the first worker is', pid))
   */
  once<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    return this.#listen('once', event, listener)
  }

  /**
   * Removes a listener. If it was added several times, the last addition is removed. A listener that was not added is ignored.
   * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`.
   * @example
   * pool.off('workerExit', onExit)
   */
  off<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    return this.#listen('off', event, listener)
  }

  #listen(how: 'on' | 'once' | 'off', event: unknown, listener: unknown): this {
    atEntry(methods[how], () => stateOf(this, methods[how]).events.change(how, event, listener))
    return this
  }
}

// The methods themselves: a subclass or a spy may replace one, and an error still points at the caller of the method here.
const own = PoolLifecycle.prototype
const { stopAndJoin, terminate, recycle, resize, trace, on, once, off } = own
const methods = { stopAndJoin, terminate, recycle, resize, trace, on, once, off, dispose: own[symbols.asyncDispose] }
