import type { Backend, BackendListener } from '../backend/index.js'
import { FinalizationRegistry, Set, WeakRef, afterwards } from '../primordials.js'

const kept = new Set<object>()

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
