export type {
  AnyFunction,
  ArgsOf,
  Items,
  TaskContext,
  TaskReference,
  TaskReferences,
  UntypedFunction
} from './functions.js'
export type {
  Added,
  Arguments,
  ArgumentsOf,
  FunctionOrReference,
  NoOptions,
  Only,
  ResultIterator,
  SettledItem,
  SpreadFunction,
  TaskFunction
} from './calls.js'
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
