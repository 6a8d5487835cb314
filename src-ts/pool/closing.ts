import type { Backend } from '../backend/index.js'
import type { CallRegistry } from './call-registry.js'
import { placedHere, PoolClosedError, PoolTerminatedError } from '../errors/index.js'
import { Math, Promise, clearTimeout, setTimeout } from '../primordials.js'

const LONGEST_TIMEOUT = 2 ** 31 - 1

/** How a pool ends: in order, when its calls have, or now. */
export class Closing {
  readonly #calls: CallRegistry
  readonly #backend: () => Backend | undefined
  readonly #onClosed: () => void
  /** `draining`: accepted work goes on; `leaving`: the backend has been told; `done`: no worker is left. */
  #state: 'open' | 'draining' | 'leaving' | 'terminating' | 'done' = 'open'
  readonly #done: Promise<void>
  #resolveDone: () => void = () => undefined
  #failure: PoolTerminatedError | undefined

  /** @param onClosed Called once, when no worker is left. */
  constructor(calls: CallRegistry, backend: () => Backend | undefined, onClosed: () => void) {
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

  /** What users are shown. */
  get state(): 'open' | 'closing' | 'closed' {
    if (this.#state === 'open') return 'open'
    return this.#state === 'done' ? 'closed' : 'closing'
  }

  /** What a call gets that comes too late. */
  refusal(): PoolClosedError {
    const cause = this.#failure
    return cause === undefined
      ? new PoolClosedError()
      : new PoolClosedError(`the pool is closed: ${cause.message}`, { cause })
  }

  /** Finishes what was accepted. With `timeoutMs`, what is open by then is terminated. */
  async join(timeoutMs: number | undefined): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'draining'
      this.#calls.forEach((call) => call.stopPulling())
      this.onIdle()
    }
    if (timeoutMs === undefined || this.#state === 'done') {
      await this.#done
      return
    }
    // It names the line of this call, not the timer.
    const error = placedHere(new PoolTerminatedError())
    const timer = setTimeout(() => void this.terminate(error), Math.min(timeoutMs, LONGEST_TIMEOUT))
    await this.#done
    clearTimeout(timer)
  }

  /** The backend cannot go on for this reason, and ends by itself. Returns what every open call is rejected with. */
  fail(reason: string): PoolTerminatedError {
    const failure = placedHere(new PoolTerminatedError(`the pool has failed: ${reason}`))
    this.#failure = failure
    void this.terminate(failure)
    return failure
  }

  /** Ends the workers now; every open call is rejected with the error. */
  terminate(error: PoolTerminatedError = placedHere(new PoolTerminatedError())): Promise<void> {
    if (this.#state !== 'terminating' && this.#state !== 'done') {
      this.#state = 'terminating'
      const backend = this.#backend()
      if (backend !== undefined) this.#calls.holdUntilReleased()
      // First of all: calls that end run code of the user, and each would be cancelled on its own.
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
