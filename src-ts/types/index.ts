export type {
  AnyFunction,
  ArgsOf,
  Items,
  TaskContext,
  TaskFunction,
  TaskReference,
  TaskReferences,
  UntypedFunction
} from './functions.js'
export type { ApplyMethod, MapMethod, MapResults, PoolMethods, ResultIterator } from './methods.js'
export type {
  CpuIds,
  JoinOptions,
  MapDefaults,
  MapOptions,
  SpreadOptions,
  TaskOptions,
  WorkerPoolOptions
} from './options.js'
export type { PoolEvents, PoolStats, WorkerExit, WorkerInfo, WorkerState } from './state.js'
