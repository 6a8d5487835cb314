import type { Backend } from '../index.js'
import { Promise, Reflect, Set, Symbol, globalObject, process, promiseOf } from '../../primordials.js'
import type { ClosePools } from '../../protocol/index.js'

/** The open back ends of this environment, which is the process or one of its threads. */
const open = new Set<Backend>()
const waiting = new Set<() => void>()
let isListening = false

/**
 * Lets the idle workers of a back end leave when the program has nothing more to do. The back end stays open: a listener of the user may
 * begin work, and the workers of that work leave at the next `beforeExit`. If no worker is left it does nothing, so that the program ends.
 */
export function leaveAtProgramEnd(backend: Backend): void {
  open.add(backend)
  if (isListening) return
  isListening = true
  process.on('beforeExit', () => {
    for (const each of open) void each.leave()
  })
  // For a pool inside a worker: the worker closes its pools before it leaves. Its bundle is another copy of this library.
  const pools = Reflect.get(globalObject, Symbol.for('millrace.pools')) as Set<ClosePools> | undefined
  pools?.add(closeAll)
}

/** To be called when a back end has closed. */
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
