import { DOMException, Set, WeakMap } from '../primordials.js'

/** Called with what the signal was aborted with. Must not throw. */
type OnAbort = (reason: unknown) => void

/** What all calls of the process share of one signal. */
interface Watched {
  readonly callbacks: Set<OnAbort>
  readonly tell: () => void
  isListening: boolean
}

const watched = new WeakMap<AbortSignal, Watched>()

/** What a call that goes by the signal fails with. A signal of another make may have no reason. */
export function abortReason(signal: AbortSignal): unknown {
  let reason: unknown
  try {
    reason = signal.reason
  } catch (error) {
    return error
  }
  return reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason
}

/** @throws The reason of a signal that has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortReason(signal)
}

/**
 * Calls `onAbort` once when the signal aborts. However many calls go by a signal, it has one listener: it may live long, and Node warns
 * of a leak at the eleventh.
 * @returns How to stop; it does not throw.
 * @throws What `addEventListener` throws; then nothing is left.
 */
export function listenToAbort(signal: AbortSignal, onAbort: OnAbort): () => void {
  const entry = watched.get(signal) ?? watch(signal)
  entry.callbacks.add(onAbort)
  const stop = (): void => {
    if (entry.callbacks.delete(onAbort) && entry.callbacks.size === 0) unsubscribe(signal, entry)
  }
  if (!entry.isListening) {
    // Before the subscription: one of another make may call the listener at once.
    entry.isListening = true
    try {
      signal.addEventListener('abort', entry.tell, { once: true })
    } catch (error) {
      entry.isListening = false
      stop()
      throw error
    }
  }
  return stop
}

function watch(signal: AbortSignal): Watched {
  const callbacks = new Set<OnAbort>()
  const tell = (): void => {
    const reason = abortReason(signal)
    for (const callback of callbacks) {
      callbacks.delete(callback)
      callback(reason)
    }
    unsubscribe(signal, entry)
  }
  const entry: Watched = { callbacks, tell, isListening: false }
  watched.set(signal, entry)
  return entry
}

/** Where the signal cannot forget the listener, that stays for the next call. */
function unsubscribe(signal: AbortSignal, entry: Watched): void {
  try {
    signal.removeEventListener('abort', entry.tell)
    entry.isListening = false
  } catch {
    // It has no such method, or a broken one.
  }
}
