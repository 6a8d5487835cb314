import type { Backend } from '../index.js'
import { Promise, Reflect, Set, Symbol, globalObject, process, promiseOf } from '../../primordials.js'
import type { ClosePools } from '../../protocol/index.js'

/** The backends of this environment (the process, or one of its threads) that have not closed. */
const open = new Set<Backend>()
const waiting = new Set<() => void>()
let isListening = false

/**
 * Lets the idle workers of a backend leave when the program has nothing more to do. The backend stays open: a listener of the user
 * may begin work, whose workers then leave at the next `beforeExit`. Where no worker is left nothing is done, or it would never end.
 */
export function leaveAtProgramEnd(backend: Backend): void {
  open.add(backend)
  if (isListening) return
  isListening = true
  process.on('beforeExit', () => {
    for (const each of open) void each.leave()
  })
  // In a worker: it closes its pools before it leaves itself. Its bundle is another copy of this library.
  const pools = Reflect.get(globalObject, Symbol.for('millrace.pools')) as Set<ClosePools> | undefined
  pools?.add(closeAll)
}

/** A backend has closed. */
export function hasClosed(backend: Backend): void {
  open.delete(backend)
  if (open.size > 0) return
  for (const resolve of waiting) resolve()
  waiting.clear()
}

function closeAll(): Promise<void> {
  for (const backend of open) backend.close()
  return open.size === 0 ? promiseOf(undefined) : new Promise((resolve) => waiting.add(resolve))
}
