import { resolve as resolvePath } from 'node:path'
import { fileURLToPath } from 'node:url'

import { loadOnDemand } from '../entry/load-on-demand.js'
import { invalidOption, invalidOptionBecause, PoolClosedError } from '../errors/index.js'
import { afterwards, isInstanceOf, promiseOf, Symbol as symbols, URL } from '../primordials.js'
import type { TraceSource } from '../protocol/index.js'
import type { PoolTrace } from '../trace/index.js'
import type { Trace } from '../types/index.js'

const ALLOWED = 'the path of a file, or a file: URL'

/** @throws TypeError or RangeError for anything else */
function readPath(file: unknown): string {
  let path = file
  if (isInstanceOf(file, URL)) {
    try {
      path = fileURLToPath(file as URL)
    } catch {
      throw invalidOption('range', 'file', file, ALLOWED)
    }
  }
  if (typeof path !== 'string') throw invalidOption('type', 'file', file, ALLOWED)
  if (path === '' || path.includes('\0')) throw invalidOption('range', 'file', file, ALLOWED)
  return resolvePath(path)
}

/** The traces of a pool, one after the other. */
export class Traces implements TraceSource {
  current: PoolTrace | undefined
  readonly #workers: () => number
  readonly #isClosed: () => boolean
  readonly #onError: (error: Error) => void
  /** The file of the trace that is being opened or written, or whose end is being written. */
  #path: string | undefined
  /** Resolves when the file is open, or cannot be opened. */
  #opening: Promise<unknown> = promiseOf(undefined)
  #ending: Promise<void> | undefined

  /**
   * @param workers Returns how many workers the pool has.
   * @param isClosed Returns whether the pool is closed.
   * @param onError Is told if the file of a trace cannot be written.
   */
  constructor(workers: () => number, isClosed: () => boolean, onError: (error: Error) => void) {
    this.#workers = workers
    this.#isClosed = isClosed
    this.#onError = onError
  }

  /** Whether a file is being opened, written or ended. */
  get isOpen(): boolean {
    return this.#path !== undefined
  }

  /**
   * Begins a trace.
   * @throws TypeError or RangeError, at once, for a bad argument, a second trace, or a pool without workers
   */
  begin(file: unknown): Promise<Trace> {
    const path = readPath(file)
    if (this.#workers() === 0) {
      throw invalidOptionBecause(
        'range',
        'nJobs',
        0,
        'a pool that runs its tasks in this process has no workers to trace'
      )
    }
    if (this.#path !== undefined) {
      throw invalidOptionBecause(
        'range',
        'file',
        file,
        `this pool already writes a trace, into ${this.#path}: stop it first`
      )
    }
    const { PoolTrace } = loadOnDemand()
    this.#path = path
    this.#ending = undefined
    const opened = this.#open(PoolTrace.begin(path, this.#workers, this.#onError))
    this.#opening = opened
    return opened
  }

  async #open(opening: Promise<PoolTrace>): Promise<Trace> {
    let trace: PoolTrace
    try {
      trace = await opening
    } catch (error) {
      this.#path = undefined
      throw error
    }
    this.current = trace
    let end: Promise<void> | undefined
    const stop = (): Promise<void> => {
      end ??= this.#end(trace)
      return end
    }
    // The pool was closed meanwhile.
    if (this.#isClosed()) {
      await stop()
      throw new PoolClosedError()
    }
    return { file: trace.path, stop, [symbols.asyncDispose]: stop }
  }

  #end(trace: PoolTrace): Promise<void> {
    if (this.current !== trace) return this.#ending ?? promiseOf(undefined)
    this.current = undefined
    const over = (): void => {
      this.#path = undefined
    }
    const ending = trace.end()
    this.#ending = ending
    void afterwards(ending, over, over)
    return ending
  }

  /** Ends the trace with the pool. Resolves when its file is closed, also if it could not be written: that was told. */
  end(): Promise<void> | undefined {
    if (this.#path === undefined) return undefined
    const ignore = (): void => undefined
    const { current } = this
    if (current !== undefined) void this.#end(current)
    return afterwards(this.#opening, () => afterwards(this.#ending ?? promiseOf(undefined), ignore, ignore), ignore)
  }
}
