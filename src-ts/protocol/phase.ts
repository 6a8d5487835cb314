import { Object, Reflect, Symbol, globalObject } from '../primordials.js'

/**
 * The global key of what the worker is doing. The constructor of `WorkerPool` reads it in a daemonic worker. While a module loads, the
 * constructor makes a pool that refuses its use. In a task it throws. The worker is a bundle, and the package that a task imports is
 * another copy, so they meet at a global key.
 */
export const PHASE_KEY: symbol = Symbol.for('millrace.phase')

/** `loading`: modules of tasks are being evaluated. `running`: anything else. */
export type Phase = 'loading' | 'running'

/** Notes the phase of this thread. */
export function setPhase(phase: Phase): void {
  Object.defineProperty(globalObject, PHASE_KEY, { value: phase, configurable: true, enumerable: false })
}

/** The phase of this thread. It is `running` in threads that a task has started. */
export function getPhase(): Phase {
  return Reflect.get(globalObject, PHASE_KEY) === 'loading' ? 'loading' : 'running'
}
