import type { Backend } from '../backend/index.js'
import type { prepareFunction } from '../functions/index.js'
import { limitsOf, type MapSettings } from '../options/index.js'
import { BATCH, EACH, FAIL_FAST, PASS_CONTEXT, SPREAD } from '../protocol/index.js'
import { Math } from '../primordials.js'
import type { CallSite } from './call-site.js'
import type { CallSetup } from './call-setup.js'
import { CalledFunction } from './called-function.js'
import { type CallEnd, callFlags } from './call.js'
import { AdaptiveChunkSize, type ChunkSize, type Crowd, FixedChunkSize, SplitChunkSize } from './chunk-size.js'
import { MapCall } from './map-call.js'
import type { Binding, MapPlan } from './map-plan.js'
import { MAP_TRAITS, type MapKind } from './map-kinds.js'
import type { Sink } from './sink.js'
import { openSlices } from './slices.js'
import { openSource } from './source.js'

/** What is known about a call when it is made. */
export interface MapOrder {
  readonly kind: MapKind
  readonly id: number
  readonly fn: unknown
  readonly items: unknown
  /** Makes the function ready to travel. */
  readonly prepare: typeof prepareFunction
  readonly sink: Sink
  readonly nJobs: number
  readonly binding: Binding
  /** The number of CPUs that the workers share. */
  readonly cpus: number
  readonly setup: CallSetup | undefined
  readonly settings: MapSettings
  readonly site: CallSite
  readonly clock: MapPlan['clock']
  readonly traces: MapPlan['traces']
  readonly reports: MapPlan['reports']
  readonly onEnd: CallEnd
  /** Opens the back end, once the function and the items are valid. */
  readonly openBackend: () => Backend
}

/**
 * Makes the call. It runs nothing before its first `advance`.
 * @throws TaskFunctionError for a function that cannot be sent, TypeError for items that are not iterable
 */
export function makeMapCall({ fn, items, prepare, openBackend, ...order }: MapOrder): MapCall {
  const { kind, settings, nJobs } = order
  const prepared = prepare(fn, settings.context)
  const source = settings.slices ? openSlices(items, settings, nJobs) : openSource(items, settings.iterableLength)
  const backend = openBackend()
  const definition = new CalledFunction(prepared, backend)
  const { isLazy, isSettled } = MAP_TRAITS[kind]
  // Only in calls that fail as a whole may a worker send results together, and drop the tasks after a failure.
  const isEach = isLazy || isSettled
  const flags =
    (isEach ? EACH : 0) |
    (isSettled ? 0 : FAIL_FAST) |
    (settings.spread ? SPREAD : 0) |
    (settings.passContext ? PASS_CONTEXT : 0) |
    (settings.batch === undefined ? 0 : BATCH)
  const { maxTasksActive } = settings
  // A batch is not larger than what may be active.
  const batch = settings.batch === undefined ? undefined : Math.min(settings.batch, maxTasksActive ?? Infinity)
  const { remaining } = source
  order.sink.total?.(remaining)
  // The size of a set may change until its items are taken.
  if (!source.isAsync && source.isList) order.sink.expect?.(source.remaining ?? 0)
  const tasks = remaining === undefined ? undefined : Math.ceil(remaining / (batch ?? 1))
  return new MapCall({
    ...order,
    backend,
    source,
    definition,
    onEnd: definition.onEnd((call) => {
      order.sink.closed?.()
      order.onEnd(call)
    }),
    flags: callFlags(order.id, flags),
    limits: limitsOf(settings),
    killGraceMs: settings.killGrace,
    isLazy,
    endsWithoutWorkers: isLazy && isSettled,
    size: chooseSize(settings, tasks, order, !isLazy && !source.isAsync && source.isList),
    batch,
    isOrderTasks: settings.orderTasks,
    maxTasksActive
  })
}

/** The number of chunks per worker of a call with `orderTasks` and without a size. */
const ORDERED_CHUNKS_PER_JOB = 64

function chooseSize(
  settings: MapSettings,
  length: number | undefined,
  { nJobs, cpus }: Crowd,
  isDeep: boolean
): ChunkSize {
  const { chunkSize, orderTasks, slices } = settings
  // A slice is as large as a chunk.
  if (slices) return new FixedChunkSize(1)
  if (chunkSize !== undefined) return new FixedChunkSize(chunkSize)
  // A size that adapts depends on the clock, so each run would give the items to other workers.
  const nSplits = settings.nSplits ?? (orderTasks ? ORDERED_CHUNKS_PER_JOB * nJobs : undefined)
  // Without a length there is nothing to split.
  if (nSplits !== undefined && length !== undefined) return new SplitChunkSize(length, nSplits)
  return orderTasks ? new FixedChunkSize(1) : new AdaptiveChunkSize({ nJobs, cpus }, isDeep)
}
