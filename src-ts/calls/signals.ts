import { Map, Set } from '../primordials.js'
import { listenToAbort } from './abort-listeners.js'
import type { Call } from './call.js'

interface Watched {
  readonly calls: Set<Call>
  readonly stop: () => void
}

/**
 * Fails calls when their signals abort. A signal has one listener however many calls go by it: it may live long, and
 * node warns of a leak at the eleventh.
 */
export class Signals {
  readonly #watched = new Map<AbortSignal, Watched>()

  /** A signal that has aborted fails the call at once. */
  add(signal: AbortSignal, call: Call): void {
    if (signal.aborted) {
      call.abort(signal.reason, true)
      return
    }
    const watched = this.#watched.get(signal) ?? this.#watch(signal)
    watched.calls.add(call)
  }

  /** The call is over. */
  remove(signal: AbortSignal, call: Call): void {
    const watched = this.#watched.get(signal)
    if (watched?.calls.delete(call) !== true || watched.calls.size > 0) return
    watched.stop()
    this.#watched.delete(signal)
  }

  #watch(signal: AbortSignal): Watched {
    const calls = new Set<Call>()
    const onAbort = (): void => {
      for (const call of calls) call.abort(signal.reason, true)
    }
    const stop = listenToAbort(signal, onAbort)
    const watched = { calls, stop }
    this.#watched.set(signal, watched)
    return watched
  }
}
