import type { prepareFunction } from '../functions/index.js'
import { type ApplySettings, limitsOf } from '../options/index.js'
import { EACH, PASS_CONTEXT, SPREAD, URGENT } from '../protocol/index.js'
import { ApplyCall, type ApplyPlan, type ApplyTask } from './apply-call.js'
import { CalledFunction } from './called-function.js'
import { callFlags } from './call.js'

/** What is known about an `apply` when it is made. */
export interface ApplyOrder extends Omit<ApplyPlan, 'killGraceMs'>, Pick<ApplyTask, 'args'> {
  readonly fn: unknown
  /** Makes the function ready to travel. */
  readonly prepare: typeof prepareFunction
  readonly settings: ApplySettings
}

/**
 * Makes the call. It submits nothing before its `advance`.
 * @throws TaskFunctionError for a function that cannot be sent
 */
export function makeApplyCall(order: ApplyOrder): ApplyCall {
  // Property by property: the engine copies the rest of an object slowly.
  const { id, backend, settings, args, setup, resolve, reject, site, clock, traces } = order
  const { passContext, killGrace: killGraceMs } = settings
  const definition = new CalledFunction(order.prepare(order.fn, settings.context), backend)
  const flags = callFlags(id, EACH | SPREAD | URGENT | (passContext ? PASS_CONTEXT : 0))
  return new ApplyCall(
    { id, backend, setup, killGraceMs, resolve, reject, site, clock, traces, onEnd: definition.onEnd(order.onEnd) },
    { definition, args, flags, limits: limitsOf(settings) }
  )
}
