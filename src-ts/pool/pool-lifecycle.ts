import type { Readable } from 'node:stream'
import type { InspectOptions } from 'node:util'

import { atEntry, type Entry, invalidOption } from '../errors/index.js'
import { Object, Symbol as symbols } from '../primordials.js'
import type { JoinOptions, PoolEvents, PoolStats, WorkerInfo } from '../types/index.js'
import type { PoolState } from './pool-state.js'

/**
 * What is behind a pool.
 * @param entry The public method that runs.
 * @throws TypeError where the method was taken off its pool, as by `const { map } = pool`.
 */
export let stateOf: (pool: unknown, entry: Entry) => PoolState

/** The life of a pool: its end, its workers, its events. */
export abstract class PoolLifecycle implements AsyncDisposable {
  readonly #state: PoolState

  static {
    stateOf = (pool, entry) => {
      if (typeof pool === 'object' && pool !== null && #state in pool) return pool.#state
      return atEntry(entry, () => {
        throw invalidOption('type', 'this', pool, `a WorkerPool: call it as pool.${entry.name}(...)`)
      })
    }
    // Not a member of its type: only Node calls it.
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
   * Accepts nothing new, finishes what was accepted, and lets the workers leave: each by its own `process.exit(0)`, and by force after
   * five seconds. Of an iterator, the items that were pulled are accepted; their results stay readable. A second call waits for the
   * same end.
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
   * Replaces each worker that has begun a task. A worker that runs a task ends it first; the other tasks that it was given go to
   * others. Resolves when these processes have ended, each by its own `process.exit(0)`, and by force after five seconds.
   * Replacements start when there is work. The call rejects where the pool is closed.
   * @example
   * await pool.recycle()
   */
  async recycle(): Promise<void> {
    await atEntry(methods.recycle, () => stateOf(this, methods.recycle).recycle())
  }

  /** `stopAndJoin` where nothing is pending, else `terminate`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await atEntry(methods.dispose, () => stateOf(this, methods.dispose).dispose())
  }

  /** True from `stopAndJoin` or `terminate` on. */
  get closed(): boolean {
    return this.#state.isClosed
  }

  /** The workers that have a process, as they are now, the lowest id first. */
  get workers(): readonly WorkerInfo[] {
    return this.#state.workers
  }

  /**
   * With `stdio: 'pipe'`, what all workers write to their stdout; else null. Whole lines of one worker (up to 64 KiB) follow whole lines
   * of another, and the last line of a process is given an end. The stream is complete when `stopAndJoin` or `terminate` is fulfilled;
   * then it ends.
   *
   * Until the first read, only the last 1 MiB is buffered; a marker line says how much was dropped. From then on nothing is dropped: a
   * reader that is 1 MiB behind makes the workers wait. The stream does not keep the process alive.
   */
  get stdout(): Readable | null {
    return this.#state.output?.stdout ?? null
  }

  /** The same of stderr. */
  get stderr(): Readable | null {
    return this.#state.output?.stderr ?? null
  }

  /** Counts of tasks since the pool was made, as they are now. They stay readable after closing. */
  get stats(): PoolStats {
    return this.#state.stats
  }

  /**
   * Calls `listener` each time the event happens; see {@linkcode PoolEvents}. A pool with a listener is kept until it is closed.
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
   * Removes a listener, the last one where it was added several times. One that was not added is ignored.
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
const { stopAndJoin, terminate, recycle, on, once, off } = own
const methods = { stopAndJoin, terminate, recycle, on, once, off, dispose: own[symbols.asyncDispose] }
