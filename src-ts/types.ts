export type {
  AnyFunction,
  ArgsOf,
  Items,
  TaskContext,
  TaskFunction,
  TaskReference,
  TaskReferences,
  UntypedFunction
} from './types/functions.js'
export type { ApplyMethod, MapMethod, MapResults, PoolMethods, ResultIterator } from './types/methods.js'
export type {
  CpuIds,
  JoinOptions,
  MapDefaults,
  MapOptions,
  SpreadOptions,
  TaskOptions,
  WorkerPoolOptions
} from './types/options.js'
export type { PoolEvents, PoolStats, WorkerExit, WorkerInfo, WorkerState } from './types/state.js'
