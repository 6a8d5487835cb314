import {
  exit,
  globalObject,
  getActiveResourcesInfo,
  Map,
  Math,
  monotonicMs,
  Object,
  process,
  Promise,
  Set,
  Symbol,
  setImmediate,
  setTimeout,
  afterwards
} from '../primordials.js'
import type { ClosePools } from '../protocol/index.js'
import { isDraining, type OwnStreams, writeAtOnce } from './own-streams.js'

/** Milliseconds for all steps. The parent kills a worker that has not ended after five seconds, and exit handlers need time too. */
const EXIT_MS = 4500
/** The longest pause between two checks for pending writes. */
const LONGEST_PAUSE_MS = 16

/** Node's names of resources that write. Timers, servers and connections are not among them. */
const WRITING: ReadonlySet<string> = new Set(['FSReqCallback', 'FSReqPromise', 'WriteWrap', 'ShutdownWrap'])

/**
 * Ends this process gracefully. Pools that tasks have made are closed, pending writes finish, and `beforeExit` and `exit` are
 * emitted as at the end of any program. Resources that tasks have left open, such as a server, do not delay it.
 */
export class GracefulExit {
  readonly #streams: OwnStreams
  readonly #pools = new Set<ClosePools>()
  readonly #before: () => Promise<void>
  readonly #report: (error: unknown) => void
  #deadline = 0

  /**
   * @param before Runs first. Its time does not count.
   * @param report Tells the parent about an error that a listener has thrown.
   */
  constructor(streams: OwnStreams, before: () => Promise<void>, report: (error: unknown) => void) {
    this.#streams = streams
    this.#before = before
    this.#report = report
    // Tasks import another copy of this package, which finds the set here.
    Object.defineProperty(globalObject, Symbol.for('millrace.pools'), {
      value: this.#pools,
      configurable: true,
      enumerable: false
    })
  }

  async run(): Promise<void> {
    await this.#before()
    this.#deadline = monotonicMs() + EXIT_MS
    if (this.#pools.size > 0) await this.#closePools()
    await this.#until(() => !this.#isWriting())
    if (process.listenerCount('beforeExit') > 0) {
      const before = this.#countActive()
      this.#guard(() => process.emit('beforeExit', 0))
      await this.#until(() => !this.#isWriting() && !hasMore(this.#countActive(), before))
    }
    this.#streams.onMade = (made) => writeAtOnce(made, this.#deadline)
    for (const made of this.#streams.made) writeAtOnce(made, this.#deadline)
    this.#guard(() => exit(0))
    // An exit handler has thrown. As in any program, the others are not called.
    exit(1)
  }

  async #closePools(): Promise<void> {
    let open = this.#pools.size
    const ended = (): void => {
      open--
    }
    for (const close of this.#pools) void afterwards(close(), ended, ended)
    await this.#until(() => open === 0)
  }

  #guard(emit: () => void): void {
    try {
      emit()
    } catch (error) {
      this.#report(error)
    }
  }

  /** Counts what keeps the event loop alive, by kind, without the output streams. Node counts those once they are made. */
  #countActive(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const name of getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
    for (const { stream } of this.#streams.made) {
      const { _handle: handle } = stream
      const name = `${handle?.constructor.name}Wrap`
      counts.set(name, (counts.get(name) ?? 0) - 1)
    }
    return counts
  }

  #isWriting(): boolean {
    return this.#streams.made.some(isDraining) || getActiveResourcesInfo().some((name) => WRITING.has(name))
  }

  /** Checks again and again, until the deadline at most. No event tells of all of this. */
  async #until(isDone: () => boolean): Promise<void> {
    // Code that is due in the next turn of the event loop may write.
    await new Promise((resolve) => setImmediate(resolve))
    for (let pause = 1; !isDone() && monotonicMs() < this.#deadline; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}

function hasMore(now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): boolean {
  for (const [name, count] of now) if (count > (before.get(name) ?? 0)) return true
  return false
}
