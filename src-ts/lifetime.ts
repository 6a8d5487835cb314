import type { Backend, BackendListener } from './backend.js'
import { FinalizationRegistry, Set, WeakRef, afterwards, setInterval } from './primordials.js'

const LONGEST_TIMEOUT = 2 ** 31 - 1

const busy = new Set<object>()
const kept = new Set<object>()
let hold: NodeJS.Timeout | undefined

/**
 * Whether work is pending at `owner`: then the process stays, and so does the owner, whoever else holds on to it. A
 * timer does it: it wakes once in 24 days.
 */
export function keepAlive(owner: object, isNeeded: boolean): void {
  if (isNeeded) busy.add(owner)
  else busy.delete(owner)
  if (busy.size > 0) {
    hold ??= setInterval(() => undefined, LONGEST_TIMEOUT)
    hold.ref()
  } else {
    hold?.unref()
  }
}

/** Whether somebody wants to hear from `owner`: then it stays as long as the process does. */
export function keepReachable(owner: object, isNeeded: boolean): void {
  if (isNeeded) kept.add(owner)
  else kept.delete(owner)
}

const unreachable = new FinalizationRegistry<Backend>((backend) => {
  void afterwards(backend.leave(), () => backend.terminate())
})

/** Ends the workers of `backend` when nothing holds on to its owner any more: nobody is left to close it. */
export function endWhenUnreachable(owner: object, backend: Backend): void {
  unreachable.register(owner, backend)
}

/** The listener for a backend, which the native side holds on to: it does not keep the pool behind it from being collected. */
export function weaken(listener: BackendListener): BackendListener {
  const weak = new WeakRef(listener)
  return {
    find: (call) => weak.deref()?.find(call),
    workerStart: (id, pid) => weak.deref()?.workerStart(id, pid),
    workerOutput: (stream, pid, bytes) => weak.deref()?.workerOutput(stream, pid, bytes),
    workerError: (error, worker) => weak.deref()?.workerError(error, worker),
    workerExit: (worker, exitCode, signal) => weak.deref()?.workerExit(worker, exitCode, signal),
    failed: (reason) => weak.deref()?.failed(reason),
    closed: () => weak.deref()?.closed()
  }
}
