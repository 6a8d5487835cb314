import type { CalledFunction } from './called-function.js'
import type { Backend, TaskLimits } from '../backend/index.js'
import type { TaskReports } from '../diagnostics/index.js'
import type { TraceSource } from '../protocol/index.js'
import type { CallSite } from './call-site.js'
import type { CallSetup } from './call-setup.js'
import type { CallEnd } from './call.js'
import type { ChunkSize } from './chunk-size.js'
import type { Sink } from './sink.js'
import type { Source } from './source.js'

/** The workers that the chunks of a call are bound to. It is set when the call opens, since the pool may be resized before. */
export interface Binding {
  /** Chunk i goes to worker i modulo this number. 0: to any worker. */
  workers: number
}

/** The parameters of a map call. */
export interface MapPlan {
  readonly id: number
  readonly backend: Backend
  readonly source: Source
  readonly sink: Sink
  readonly size: ChunkSize
  /** The current id of the function. It may change, because the back end forgets definitions that were not used for long. */
  readonly definition: CalledFunction
  readonly flags: number
  readonly limits: TaskLimits
  readonly setup: CallSetup | undefined
  readonly killGraceMs: number
  readonly nJobs: number
  /** The number of CPUs that the workers share. */
  readonly cpus: number
  /** Whether the call is an iterator, so that the consumer sets the pace. */
  readonly isLazy: boolean
  /** Whether the call goes on after failed tasks. If no worker can be started, it ends in any case. */
  readonly endsWithoutWorkers: boolean
  /** Whether each chunk goes to a certain worker. */
  readonly isOrderTasks: boolean
  readonly binding: Binding
  /** The most items that the function receives together, or undefined if a task is one item. */
  readonly batch: number | undefined
  /** Counts items. */
  readonly maxTasksActive: number | undefined
  readonly site: CallSite
  /** With it, each chunk says when it was made. */
  readonly clock: (() => number) | undefined
  /** Tells whether the pool is traced. */
  readonly traces: TraceSource
  /** Is told which items were sent. */
  readonly reports: TaskReports | undefined
  readonly onEnd: CallEnd
}
