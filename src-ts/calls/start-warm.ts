import type { Backend } from '../backend/index.js'
import { ANY_FUNCTION, type prepareFunction } from '../functions/index.js'
import type { Entry } from '../errors/index.js'
import type { MapOrder } from './start-map.js'
import { CallSite } from './call-site.js'
import { CalledFunction } from './called-function.js'
import { WarmCall, type WarmPlan } from './warm-call.js'

/** What is known about a `warm` when it is made. */
export interface WarmOrder extends Pick<WarmPlan, 'id' | 'nJobs' | 'setup' | 'resolve' | 'reject' | 'onEnd'> {
  readonly entry: Entry
  readonly functions: readonly unknown[]
  /** Makes a function ready to travel. */
  readonly prepare: typeof prepareFunction
  readonly openBackend: () => Backend
}

/** What every call gets from its pool. */
export type OfPool = Pick<WarmOrder, 'id' | 'onEnd' | 'nJobs' | 'setup' | 'prepare' | 'openBackend'> &
  Pick<MapOrder, 'clock' | 'traces'>

/**
 * Makes the call. It submits nothing before its `advance`.
 * @throws TaskFunctionError for a function that cannot be sent
 */
export function makeWarmCall({ entry, functions, prepare, openBackend, onEnd, ...rest }: WarmOrder): WarmCall {
  const named = functions.map((fn) => ({ fn, definition: prepare(fn) }))
  // Without a function the workers are only started.
  if (named.length === 0) named.push({ fn: undefined, definition: ANY_FUNCTION })
  const backend = openBackend()
  const called = named.map(({ fn, definition }) => ({
    definition: new CalledFunction(definition, backend),
    site: new CallSite(entry, fn, 'warm')
  }))
  const end = called.reduce((then, { definition }) => definition.onEnd(then), onEnd)
  return new WarmCall({ ...rest, backend, functions: called, onEnd: end })
}
