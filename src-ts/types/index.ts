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
  BatchFunction,
  FunctionOrReference,
  Given,
  Indexed,
  IndexedResult,
  NoOptions,
  Only,
  Passing,
  ResultIterator,
  SettledItem,
  SpreadFunction,
  TaskFunction
} from './calls.js'
export type { TaskMessage, WorkerMessage } from './diagnostics.js'
export type { Distribution, Insights, SlowTask, TimePart, TimeParts, WorkerInsights } from './insights.js'
export type { LifeFunction, LifeOptions } from './life.js'
export type { MapDefaults, ProgressBarOptions } from './map-defaults.js'
export type {
  BatchOptions,
  CpuIds,
  JoinOptions,
  MapOptions,
  ResizeOptions,
  SpreadOptions,
  TaskOptions,
  WorkerPoolOptions
} from './options.js'
export type { AnyTypedArray, ConcatenateOptions, Joined, ListOf, SliceOptions } from './slices.js'
export type { SharedArray, TypedArrayKind, TypedArrayOf } from './shared.js'
export type { Trace } from './trace.js'
export type { PoolEvents, PoolStats, Progress, WorkerExit, WorkerExitReason, WorkerInfo, WorkerState } from './state.js'
