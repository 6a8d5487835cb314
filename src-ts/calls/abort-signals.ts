import { DOMException, Set, WeakMap } from '../primordials.js'

/** Called with the reason of the signal. Must not throw. */
type OnAbort = (reason: unknown) => void

/** The one listener of a signal, which all calls of the process share. */
interface Watched {
  readonly callbacks: Set<OnAbort>
  readonly tell: () => void
  isListening: boolean
}

const watched = new WeakMap<AbortSignal, Watched>()

/** The error of a call whose signal has aborted. The signal of a polyfill may have no reason. */
export function abortReason(signal: AbortSignal): unknown {
  let reason: unknown
  try {
    reason = signal.reason
  } catch (error) {
    return error
  }
  return reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason
}

/** @throws the reason, if the signal has aborted */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortReason(signal)
}

/**
 * Calls `onAbort` once when the signal aborts. All calls with the same signal share one listener, because a signal may live long and
 * Node warns of a leak at the eleventh listener.
 * @returns a function that stops listening; it does not throw
 * @throws what `addEventListener` throws; in that case nothing stays registered
 */
export function listenToAbort(signal: AbortSignal, onAbort: OnAbort): () => void {
  const entry = watched.get(signal) ?? watch(signal)
  entry.callbacks.add(onAbort)
  const stop = (): void => {
    if (entry.callbacks.delete(onAbort) && entry.callbacks.size === 0) unsubscribe(signal, entry)
  }
  if (!entry.isListening) {
    // This comes before the subscription, because the signal of a polyfill may call the listener at once.
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

/** If the signal cannot remove the listener, the next call uses it again. */
function unsubscribe(signal: AbortSignal, entry: Watched): void {
  try {
    signal.removeEventListener('abort', entry.tell)
    entry.isListening = false
  } catch {
    // The signal has no such method, or a broken one.
  }
}
