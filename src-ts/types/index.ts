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
export type {
  ApplyRest,
  Arguments,
  ArgumentsOf,
  FunctionOrReference,
  ItemFunction,
  ResultIterator,
  SettledItem,
  SpreadFunction
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
