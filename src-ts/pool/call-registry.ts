import { keepAlive, type OutcomeListener } from '../backend/index.js'
import { Map, Set } from '../primordials.js'
import { abortReason, type Call, listenToAbort } from '../calls/index.js'

interface OpenCall {
  readonly call: Call
  /** Ends the wait for its signal. */
  stopListening?: () => void
}

/** The open calls of a pool. While somebody waits for one of them, they keep the process alive. */
export class CallRegistry {
  readonly #calls = new Map<number, OpenCall>()
  /** The calls that somebody waits for: all but iterators between two steps. */
  readonly #awaited = new Set<Call>()
  readonly #onIdle: () => void
  #next = 1
  #isEnding = false

  /** @param onIdle Called each time the last open call has ended. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle
  }

  get isEmpty(): boolean {
    return this.#calls.size === 0
  }

  /** A number for the next call; it fits the protocol's word. */
  nextId(): number {
    // After 2 ** 32 calls numbers come again; an old iterator may still have its own.
    let id = this.#next
    while (this.#calls.has(id)) id = following(id)
    this.#next = following(id)
    return id
  }

  find(id: number): OutcomeListener | undefined {
    return this.#calls.get(id)?.call
  }

  /**
   * Opens a call and has it run. When `signal` aborts, or has, the call fails with its reason; where the signal is broken, with what it
   * has thrown.
   */
  open(call: Call, signal: AbortSignal | undefined): void {
    const open: OpenCall = { call }
    this.#calls.set(call.id, open)
    this.setAwaited(call, true)
    try {
      if (signal !== undefined) this.#follow(open, signal)
    } catch (error) {
      call.abort(error, false)
    }
    call.advance()
  }

  #follow(open: OpenCall, signal: AbortSignal): void {
    const { call } = open
    const onAbort = (reason: unknown): void => call.abort(reason, true)
    if (signal.aborted) {
      onAbort(abortReason(signal))
      return
    }
    const stop = listenToAbort(signal, onAbort)
    // It may have ended by now: code of the signal ran.
    if (this.#calls.has(call.id)) open.stopListening = stop
    else stop()
  }

  /** Ends a call. */
  readonly remove = (call: Call): void => {
    const open = this.#calls.get(call.id)
    if (open === undefined) return
    this.#calls.delete(call.id)
    open.stopListening?.()
    this.#awaited.delete(call)
    this.#updateHold()
    if (this.#calls.size === 0) this.#onIdle()
  }

  /** Does something to every open call. */
  forEach(act: (call: Call) => void): void {
    for (const { call } of this.#calls.values()) act(call)
  }

  /** Whether somebody waits for an open call. */
  setAwaited(call: Call, isAwaited: boolean): void {
    if (isAwaited && this.#calls.has(call.id)) this.#awaited.add(call)
    else this.#awaited.delete(call)
    this.#updateHold()
  }

  /** The pool is about to end: the process stays until `release`. */
  holdUntilReleased(): void {
    this.#isEnding = true
    this.#updateHold()
  }

  /** Nothing will be pending any more. */
  release(): void {
    this.#isEnding = false
    this.#updateHold()
  }

  /** The process stays for what is pending, and so does the pool. */
  #updateHold(): void {
    keepAlive(this, this.#isEnding || this.#awaited.size > 0)
  }
}

function following(id: number): number {
  return id === 0xffffffff ? 1 : id + 1
}
