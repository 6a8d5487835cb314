import { isInDaemonicTask } from '../backend/index.js'
import { type RawWorkerIdentity, workerIdentity } from '../binding.js'
import { DaemonicProcessError } from '../errors/index.js'
import { JSON, Reflect, Symbol, globalObject } from '../primordials.js'
import { getPhase, type WorkerConfig } from '../protocol/index.js'

// The lifeline provides it for other copies of this package, whose addon is another library with its own variables.
const identity =
  workerIdentity() ??
  (Reflect.get(globalObject, Symbol.for('millrace.identity')) as RawWorkerIdentity | undefined) ??
  null

/** Whether this process is a worker of a pool. True on all of its threads. */
export const isWorker: boolean = identity !== null

/**
 * A daemonic worker may not make pools. This is MPIRE's rule.
 * @returns whether a pool that is made here must refuse its use. So it is while a module loads, because a module may have
 *   `export const pool = new WorkerPool()` beside `export function job()`
 * @throws DaemonicProcessError in a task
 */
export function isRefused(): boolean {
  if (isInDaemonicTask()) throw new DaemonicProcessError()
  if (identity === null || !(JSON.parse(identity.config) as WorkerConfig).daemon) return false
  if (getPhase() === 'loading') return true
  throw new DaemonicProcessError()
}
