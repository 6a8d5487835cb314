import {
  exit,
  getActiveResourcesInfo,
  Map,
  Math,
  monotonicMs,
  process,
  Promise,
  Set,
  setImmediate,
  setTimeout,
  afterwards
} from '../primordials.js'
import type { ClosePools } from '../protocol/index.js'
import { isDraining, type OwnStreams, writeAtOnce } from './own-streams.js'

/** Milliseconds for all of it. The parent kills a worker that has not ended after five seconds; exit handlers need time too. */
const LEAVE_MS = 4500
/** The longest pause between two looks at what is not written yet. */
const LONGEST_PAUSE_MS = 16

/** What the system was asked to write, under the names by which Node counts it. Timers, servers and connections do not count. */
const WRITING: ReadonlySet<string> = new Set(['FSReqCallback', 'FSReqPromise', 'WriteWrap', 'ShutdownWrap'])

/**
 * The end of this process in order: pools that tasks have made close, what was written gets out, `beforeExit` and `exit` are
 * emitted as at the end of any program. What tasks left open, such as a server, does not hold it up.
 */
export class Leaving {
  readonly #streams: OwnStreams
  readonly #pools: ReadonlySet<ClosePools>
  readonly #report: (error: unknown) => void
  #deadline = 0

  /** @param report Tells the parent of an error that a listener has thrown. */
  constructor(streams: OwnStreams, pools: ReadonlySet<ClosePools>, report: (error: unknown) => void) {
    this.#streams = streams
    this.#pools = pools
    this.#report = report
  }

  async leave(): Promise<void> {
    this.#deadline = monotonicMs() + LEAVE_MS
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
    // An exit handler has thrown. The others are not called any more, as in any program.
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

  /** What keeps the event loop alive, counted by kind; the output streams, which Node counts once they are made, do not. */
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

  /** Looks again and again, at the latest until the deadline: nothing tells of all of this. */
  async #until(isDone: () => boolean): Promise<void> {
    // What has been put off to the next turn of the event loop may write.
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
