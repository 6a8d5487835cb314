import { type RawWorkerIdentity, workerIdentity } from '../binding.js'
import { DaemonicProcessError } from '../errors/index.js'
import { JSON, Reflect, Symbol, globalObject } from '../primordials.js'
import { getPhase, type WorkerConfig } from '../protocol/index.js'

// The lifeline leaves it to other copies of this package: their addon is another library, with variables of its own.
const identity =
  workerIdentity() ??
  (Reflect.get(globalObject, Symbol.for('millrace.identity')) as RawWorkerIdentity | undefined) ??
  null

/** Whether this process is a worker of a pool; true on all of its threads. */
export const isWorker: boolean = identity !== null

/**
 * A daemonic worker may not make pools: MPIRE's rule.
 * @returns Whether a pool made here must refuse its use, since a module is being loaded: `export const pool = new WorkerPool()` may
 *   stand beside `export function job()`.
 * @throws DaemonicProcessError in a task.
 */
export function isRefused(): boolean {
  if (identity === null || !(JSON.parse(identity.config) as WorkerConfig).daemon) return false
  if (getPhase() === 'loading') return true
  throw new DaemonicProcessError()
}
