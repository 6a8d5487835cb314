import type { OutcomeListener } from '../backend.js'
import { keepAlive } from '../lifetime.js'
import type { Call } from './call.js'

interface OpenCall {
  readonly call: Call
  /** Takes the listener off the call's signal: signals live long. */
  readonly release: () => void
}

/** The open calls of a pool. While there are some, they keep the process alive. */
export class CallRegistry {
  readonly #calls = new Map<number, OpenCall>()
  readonly #onIdle: () => void
  #next = 1

  /** @param onIdle Called each time the last open call has ended. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle
  }

  get isEmpty(): boolean {
    return this.#calls.size === 0
  }

  /** A number for the next call; it fits the protocol's word. */
  nextId(): number {
    const id = this.#next
    this.#next = this.#next === 0xffffffff ? 1 : this.#next + 1
    return id
  }

  find(id: number): OutcomeListener | undefined {
    return this.#calls.get(id)?.call
  }

  /** Opens a call; when `signal` aborts, it fails with its reason. */
  add(call: Call, signal: AbortSignal | undefined): void {
    const abort = (): void => call.abort(signal?.reason, true)
    signal?.addEventListener('abort', abort, { once: true })
    this.#calls.set(call.id, { call, release: () => signal?.removeEventListener('abort', abort) })
    this.keepAlive(true)
  }

  /** Ends a call. */
  readonly remove = (call: Call): void => {
    this.#calls.get(call.id)?.release()
    if (!this.#calls.delete(call.id) || this.#calls.size > 0) return
    this.keepAlive(false)
    this.#onIdle()
  }

  /** Does something to every open call. */
  forEach(act: (call: Call) => void): void {
    for (const { call } of this.#calls.values()) act(call)
  }

  /** Whether the process, and the pool with it, has to stay for what is pending. */
  keepAlive(isNeeded: boolean): void {
    keepAlive(this, isNeeded)
  }
}
