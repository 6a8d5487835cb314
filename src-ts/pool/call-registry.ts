import { keepAlive, type OutcomeListener } from '../backend/index.js'
import { Map, Math, Set } from '../primordials.js'
import { abortReason, type Call, listenToAbort } from '../calls/index.js'

interface OpenCall {
  readonly call: Call
  isAwaited: boolean
  /** Its chunks are bound to the workers below this one, if it is not 0. */
  readonly boundTo: number
  /** Stops listening to the signal of the call. */
  stopListening?: () => void
}

/** The open calls of a pool. They keep the process alive while somebody awaits one of them. */
export class CallRegistry {
  readonly #calls = new Map<number, OpenCall>()
  /** The number of calls that somebody awaits: all except iterators between two steps. */
  #awaited = 0
  readonly #onIdle: () => void
  #next = 1
  /** Whether the numbers have started again. */
  #hasWrapped = false
  #isEnding = false
  #isHeld = false
  /** Is told the number of each call that was bound to workers, when it has ended. */
  onBoundEnd: (id: number) => void = () => undefined

  /** @param onIdle Called each time the last open call has ended. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle
  }

  get isEmpty(): boolean {
    return this.#calls.size === 0
  }

  /** A number for the next call. It fits into a word of the protocol. */
  nextId(): number {
    // After 2 ** 32 calls the numbers start again. An old iterator may still have the number.
    let id = this.#next
    while (this.#hasWrapped && this.#calls.has(id)) id = following(id)
    this.#next = following(id)
    this.#hasWrapped ||= this.#next < id
    return id
  }

  find(id: number): OutcomeListener | undefined {
    return this.#calls.get(id)?.call
  }

  /**
   * Opens a call and starts it. If `signal` aborts, or has aborted already, the call fails with its reason. If the signal is broken, the
   * call fails with the error that it throws.
   * @param boundTo Its chunks are bound to the workers below this one, if it is not 0.
   */
  open(call: Call, signal: AbortSignal | undefined, boundTo = 0): void {
    const open: OpenCall = { call, isAwaited: true, boundTo }
    this.#calls.set(call.id, open)
    call.setup?.use()
    this.#awaited++
    this.#updateHold()
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
    // The call may have ended by now, because code of the signal ran.
    if (this.#calls.has(call.id)) open.stopListening = stop
    else stop()
  }

  /** Ends a call. */
  readonly remove = (call: Call): void => {
    const open = this.#calls.get(call.id)
    if (open === undefined) return
    this.#calls.delete(call.id)
    call.setup?.unuse()
    open.stopListening?.()
    if (open.isAwaited) this.#awaited--
    this.#updateHold()
    if (open.boundTo > 0) this.onBoundEnd(call.id)
    if (this.#calls.size === 0) this.#onIdle()
  }

  /** The calls that are bound to workers. */
  bound(): Set<number> {
    const bound = [...this.#calls.values()].filter(({ boundTo }) => boundTo > 0)
    return new Set(bound.map(({ call }) => call.id))
  }

  /** The most workers that a call is bound to. */
  get widest(): number {
    let widest = 0
    for (const { boundTo } of this.#calls.values()) widest = Math.max(widest, boundTo)
    return widest
  }

  /** Calls a function with every open call. */
  forEach(act: (call: Call) => void): void {
    for (const { call } of this.#calls.values()) act(call)
  }

  /** Ends the calls that name this setup, each with an error of its own. */
  failSetup(id: number, makeError: (what: string) => Error): void {
    const failed = [...this.#calls.values()].filter(({ call }) => call.setup?.has(id) === true)
    for (const { call } of failed) call.abort(makeError(call.setup?.what ?? ''), false)
  }

  /** Whether somebody awaits an open call. */
  setAwaited(call: Call, isAwaited: boolean): void {
    const open = this.#calls.get(call.id)
    if (open === undefined || open.isAwaited === isAwaited) return
    open.isAwaited = isAwaited
    this.#awaited += isAwaited ? 1 : -1
    this.#updateHold()
  }

  /** Keeps the process alive until `release`, because the pool is about to end. */
  holdUntilReleased(): void {
    this.#isEnding = true
    this.#updateHold()
  }

  /** Stops keeping the process alive. */
  release(): void {
    this.#isEnding = false
    this.#updateHold()
  }

  /** Keeps the process alive, and the pool reachable, while something is pending. */
  #updateHold(): void {
    const isHeld = this.#isEnding || this.#awaited > 0
    if (isHeld === this.#isHeld) return
    this.#isHeld = isHeld
    keepAlive(this, isHeld)
  }
}

function following(id: number): number {
  return id === 0xffffffff ? 1 : id + 1
}
