import type { Backend } from '../backend/index.js'
import type { CallRegistry } from './call-registry.js'
import { withCallerStack, PoolClosedError, PoolTerminatedError, type WorkerExitError } from '../errors/index.js'
import { Exits } from './exits.js'
import { Math, Promise, clearTimeout, setTimeout } from '../primordials.js'

const LONGEST_TIMEOUT = 2 ** 31 - 1

/** Ends a pool: gracefully when its calls have ended, or now. */
export class Closing {
  readonly #calls: CallRegistry
  readonly #backend: () => Backend | undefined
  readonly #onClosed: () => void
  readonly exits: Exits
  /** `draining`: accepted work goes on. `leaving`: the back end was told to close. `done`: no worker is left. */
  #state: 'open' | 'draining' | 'leaving' | 'terminating' | 'done' = 'open'
  readonly #done: Promise<void>
  #resolveDone: () => void = () => undefined
  #failure: PoolTerminatedError | undefined

  /**
   * @param onClosed Called once, when no worker is left.
   * @param onExitError Tells the error of an exit function that no `stopAndJoin` throws.
   */
  constructor(
    calls: CallRegistry,
    backend: () => Backend | undefined,
    onClosed: () => void,
    onExitError: (error: WorkerExitError) => void
  ) {
    this.exits = new Exits(onExitError)
    this.#calls = calls
    this.#backend = backend
    this.#onClosed = onClosed
    this.#done = new Promise((resolve) => {
      this.#resolveDone = resolve
    })
  }

  get isClosed(): boolean {
    return this.#state !== 'open'
  }

  /** The state that users see. */
  get state(): 'open' | 'closing' | 'closed' {
    if (this.#state === 'open') return 'open'
    return this.#state === 'done' ? 'closed' : 'closing'
  }

  /** The error of a call that comes too late. */
  refusal(): PoolClosedError {
    const cause = this.#failure
    return cause === undefined
      ? new PoolClosedError()
      : new PoolClosedError(`the pool is closed: ${cause.message}`, { cause })
  }

  /** Finishes the accepted work. Work that is still open after `timeoutMs` is terminated. */
  async join(timeoutMs: number | undefined): Promise<void> {
    await this.#join(timeoutMs)
    this.exits.throwFirst()
  }

  async #join(timeoutMs: number | undefined): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'draining'
      this.exits.join()
      this.#calls.forEach((call) => call.stopPulling())
      this.onIdle()
    }
    if (timeoutMs === undefined || this.#state === 'done') {
      await this.#done
      return
    }
    // The error is made here so that it names the line of this call and not the timer.
    const error = withCallerStack(new PoolTerminatedError())
    const timer = setTimeout(() => void this.terminate(error), Math.min(timeoutMs, LONGEST_TIMEOUT))
    await this.#done
    clearTimeout(timer)
  }

  /** The back end has failed for this reason, and ends by itself. Returns the error that rejects every open call. */
  fail(reason: string): PoolTerminatedError {
    const failure = withCallerStack(new PoolTerminatedError(`the pool has failed: ${reason}`))
    this.#failure = failure
    void this.terminate(failure)
    return failure
  }

  /** Ends the workers now, and rejects every open call with the error. */
  terminate(error: PoolTerminatedError = withCallerStack(new PoolTerminatedError())): Promise<void> {
    if (this.#state !== 'terminating' && this.#state !== 'done') {
      this.#state = 'terminating'
      const backend = this.#backend()
      if (backend !== undefined) this.#calls.holdUntilReleased()
      // This comes first. Ending the calls runs code of the user, and would cancel each of them separately.
      backend?.terminate()
      this.#calls.forEach((call) => call.abort(error, false))
      if (backend === undefined) this.onClosed()
    }
    return this.#done
  }

  /** No call is open. */
  readonly onIdle = (): void => {
    if (this.#state !== 'draining') return
    if (!this.#calls.isEmpty) {
      this.#calls.holdUntilReleased()
      return
    }
    this.#state = 'leaving'
    const backend = this.#backend()
    if (backend === undefined) {
      this.onClosed()
      return
    }
    this.#calls.holdUntilReleased()
    backend.close()
  }

  /** No worker is left. */
  readonly onClosed = (): void => {
    if (this.#state === 'done') return
    this.#state = 'done'
    this.#calls.release()
    this.#resolveDone()
    this.#onClosed()
  }
}
