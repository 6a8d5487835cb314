/** The public API of millrace. */
export {
  BatchResultError,
  ConcatenationError,
  type DeathPhase,
  type DeathReason,
  DaemonicProcessError,
  NotSerializableError,
  PoolClosedError,
  PoolError,
  type PoolErrorCode,
  PoolTerminatedError,
  QueueFullError,
  SharedMemoryError,
  TaskFunctionError,
  type TaskInfo,
  taskInfo,
  TaskTimeoutError,
  WorkerDiedError,
  WorkerExitError,
  WorkerInitError,
  WorkerStartError
} from './errors/index.js'
export { task, tasks } from './functions/index.js'
export { availableCpus, cpuCount } from './options/index.js'
export { currentTask } from './protocol/index.js'
export { isWorker, WorkerPool } from './pool/index.js'
export { sharedArray } from './shared/index.js'
export type * from './types/index.js'
