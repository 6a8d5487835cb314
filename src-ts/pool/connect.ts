import { PoolClosedError } from '../errors/index.js'
import type { LazyResults, MapCall } from '../calls/index.js'
import type { CallRegistry } from './call-registry.js'

/** Connects an iterator and its call, which its first step opens. */
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
    // One that was dropped before its first step is never opened.
    isNew = false
    call.drop(kill)
  }
  results.attach({ advance, drop, setAwaited: (isAwaited) => calls.setAwaited(call, isAwaited) })
}
