import { Set, WeakMap } from '../primordials.js'

interface Waiting {
  readonly callbacks: Set<() => void>
  readonly tell: () => void
}

const waiting = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls `onAbort` when the signal aborts. All pools of a process share one listener: node warns of a leak at the eleventh.
 * @returns How to stop.
 */
export function listenToAbort(signal: AbortSignal, onAbort: () => void): () => void {
  const { callbacks, tell } = waiting.get(signal) ?? open(signal)
  if (callbacks.size === 0) signal.addEventListener('abort', tell, { once: true })
  callbacks.add(onAbort)
  return () => {
    if (callbacks.delete(onAbort) && callbacks.size === 0) signal.removeEventListener('abort', tell)
  }
}

function open(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>()
  const tell = (): void => {
    for (const callback of callbacks) callback()
  }
  const entry = { callbacks, tell }
  waiting.set(signal, entry)
  return entry
}
