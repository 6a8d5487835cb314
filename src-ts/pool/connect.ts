import { PoolClosedError } from '../errors/index.js'
import type { LazyResults, MapCall } from '../calls/index.js'
import type { CallRegistry } from './call-registry.js'

/** Connects an iterator with its call. The first step of the iterator opens the call. */
export function connect(
  results: LazyResults,
  call: MapCall,
  calls: CallRegistry,
  signal: AbortSignal | undefined,
  isClosed: () => boolean
): void {
  let isNew = true
  const advance = (): void => {
    if (isNew) {
      isNew = false
      if (isClosed()) call.abort(new PoolClosedError(), false)
      else calls.open(call, signal)
    } else call.advance()
  }
  const drop = (kill: boolean): void => {
    // An iterator that is dropped before its first step never opens its call.
    isNew = false
    call.drop(kill)
  }
  results.attach({ advance, drop, setAwaited: (isAwaited) => calls.setAwaited(call, isAwaited) })
}
