import { Object, Reflect, Symbol, globalObject } from '../primordials.js'

/**
 * What the worker is doing, for a `WorkerPool` that is constructed in it: while a module is being loaded, a daemonic
 * worker hands out a pool that refuses its use, in a task the constructor throws. The worker is a bundle of its own, so
 * the package that a task imports finds the phase under this key.
 */
export const PHASE_KEY: symbol = Symbol.for('millrace.phase')

/** `loading`: modules of tasks are evaluated; `running`: anything else. */
export type Phase = 'loading' | 'running'

/** Notes the phase of this thread. */
export function setPhase(phase: Phase): void {
  Object.defineProperty(globalObject, PHASE_KEY, { value: phase, configurable: true, enumerable: false })
}

/** The phase of this thread; `running` in threads that a task has started. */
export function getPhase(): Phase {
  return Reflect.get(globalObject, PHASE_KEY) === 'loading' ? 'loading' : 'running'
}
