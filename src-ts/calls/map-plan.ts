import type { CalledFunction } from './called-function.js'
import type { Backend, TaskLimits } from '../backend/index.js'
import type { CallSite } from './call-site.js'
import type { CallEnd } from './call.js'
import type { ChunkSize } from './chunk-size.js'
import type { Sink } from './sink.js'
import type { Source } from './source.js'

/** What a call of the map family runs with. */
export interface MapPlan {
  readonly id: number
  readonly backend: Backend
  readonly source: Source
  readonly sink: Sink
  readonly size: ChunkSize
  /** The function's id, as it is now: the backend forgets those that are long unused. */
  readonly definition: CalledFunction
  readonly flags: number
  readonly limits: TaskLimits
  readonly killGraceMs: number
  readonly nJobs: number
  /** The consumer sets the pace: the call is an iterator. */
  readonly isLazy: boolean
  /** The call goes on after tasks that failed, but not where no worker can be started for the next ones. */
  readonly endsWithoutWorkers: boolean
  /** Chunk i goes to worker i mod nJobs. */
  readonly isOrderTasks: boolean
  /** Items that the function receives together, at the most; undefined: a task is one item. */
  readonly batch: number | undefined
  /** Counts items. */
  readonly maxTasksActive: number | undefined
  readonly site: CallSite
  readonly onEnd: CallEnd
}
