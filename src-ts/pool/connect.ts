import { PoolClosedError } from '../errors/index.js'
import type { LazyResults, MapCall, Sink } from '../calls/index.js'
import type { CallRegistry } from './call-registry.js'

/** Opens a map, and tells its sink before the first item is taken. */
export function openMap(calls: CallRegistry, call: MapCall, sink: Sink, signal: AbortSignal | undefined): void {
  sink.begin?.(call)
  calls.open(call, signal)
}

interface Connection {
  readonly sink: Sink
  readonly calls: CallRegistry
  readonly signal: AbortSignal | undefined
  /** Whether the pool is closed by now. */
  readonly isClosed: () => boolean
}

/** Connects an iterator with its call. The first step of the iterator opens the call. */
export function connect(results: LazyResults, call: MapCall, { sink, calls, signal, isClosed }: Connection): void {
  let isNew = true
  const advance = (): void => {
    if (isNew) {
      isNew = false
      if (isClosed()) call.abort(new PoolClosedError(), false)
      else openMap(calls, call, sink, signal)
    } else call.advance()
  }
  const drop = (kill: boolean): void => {
    // An iterator that is dropped before its first step never opens its call.
    isNew = false
    call.drop(kill)
  }
  results.attach({ advance, drop, setAwaited: (isAwaited) => calls.setAwaited(call, isAwaited) })
}
