import { PoolClosedError } from '../errors/index.js'
import type { Binding, LazyResults, MapCall, Sink } from '../calls/index.js'
import type { TaskReports } from '../diagnostics/index.js'
import type { MapSettings } from '../options/index.js'
import type { CallRegistry } from './call-registry.js'

/** Opens a map, and tells its sink before the first item is taken. */
export function openMap(call: MapCall, { sink, calls, settings, binding, nJobs }: Opening): void {
  if (settings.orderTasks) binding.workers = nJobs()
  sink.begin?.(call)
  calls.open(call, settings.signal, binding.workers)
}

/** What a call needs when it opens. */
export interface Opening {
  readonly sink: Sink
  readonly calls: CallRegistry
  readonly settings: Pick<MapSettings, 'orderTasks' | 'signal'>
  readonly binding: Binding
  readonly reports: TaskReports | undefined
  /** The number of workers now. */
  readonly nJobs: () => number
}

interface Connection extends Opening {
  /** Whether the pool is closed by now. */
  readonly isClosed: () => boolean
}

/** Connects an iterator with its call. The first step of the iterator opens the call. */
export function connect(results: LazyResults, call: MapCall, connection: Connection): void {
  const { calls, isClosed } = connection
  let isNew = true
  const advance = (): void => {
    if (isNew) {
      isNew = false
      if (isClosed()) call.abort(new PoolClosedError(), false)
      else openMap(call, connection)
    } else call.advance()
  }
  const drop = (kill: boolean): void => {
    // An iterator that is dropped before its first step never opens its call.
    isNew = false
    call.drop(kill)
  }
  results.attach({ advance, drop, setAwaited: (isAwaited) => calls.setAwaited(call, isAwaited) })
}
