import type { Backend, BackendListener } from '../backend/index.js'
import { FinalizationRegistry, Set, WeakRef, afterwards } from '../primordials.js'

const kept = new Set<object>()

/** Keeps `owner` from being garbage-collected, or stops doing so. */
export function keepReachable(owner: object, isNeeded: boolean): void {
  if (isNeeded) kept.add(owner)
  else kept.delete(owner)
}

const unreachable = new FinalizationRegistry<Backend>((backend) => {
  void afterwards(backend.leave(), () => backend.terminate())
})

/** Lets the workers of `backend` leave when its owner is garbage-collected, because then nobody can close it. */
export function endWhenUnreachable(owner: object, backend: Backend): void {
  unreachable.register(owner, backend)
}

/** Wraps the listener of a back end, which the native side keeps, so that it does not keep the pool from being collected. */
export function weaken(listener: BackendListener): BackendListener {
  const weak = new WeakRef(listener)
  return {
    find: (call) => weak.deref()?.find(call),
    workerStart: (id, pid) => weak.deref()?.workerStart(id, pid),
    workerOutput: (stream, pid, bytes) => weak.deref()?.workerOutput(stream, pid, bytes),
    workerError: (error, worker) => weak.deref()?.workerError(error, worker),
    workerExit: (worker, exit) => weak.deref()?.workerExit(worker, exit),
    setupFailed: (setup, failure) => weak.deref()?.setupFailed(setup, failure),
    exitResult: (value) => weak.deref()?.exitResult(value),
    exitFailed: (failure) => weak.deref()?.exitFailed(failure),
    failed: (reason) => weak.deref()?.failed(reason),
    closed: () => weak.deref()?.closed()
  }
}
