/** The public API of millrace. */
export {
  type DeathPhase,
  type DeathReason,
  DaemonicProcessError,
  NotSerializableError,
  PoolClosedError,
  PoolError,
  type PoolErrorCode,
  PoolTerminatedError,
  QueueFullError,
  TaskFunctionError,
  TaskTimeoutError,
  WorkerDiedError,
  WorkerStartError
} from './errors.js'
export { task, tasks } from './functions/reference.js'
export { availableCpus, cpuCount } from './machine.js'
export { WorkerPool } from './pool.js'
export type * from './types.js'
export { isWorker } from './worker-mark.js'
