import type { Backend, LostTask, MakeError, OutcomeListener } from '../backend/index.js'
import type { Reader } from '../codec/index.js'
import { Math } from '../primordials.js'
import { EACH, LOAD } from '../protocol/index.js'
import type { CallSite } from './call-site.js'
import type { CalledFunction } from './called-function.js'
import { type CallSetup, setupId } from './call-setup.js'
import { type Call, callFlags, type CallEnd } from './call.js'

/** The parameters of a `warm`. */
export interface WarmPlan {
  readonly id: number
  readonly backend: Backend
  /** The functions to be loaded, at least one. */
  readonly functions: readonly WarmFunction[]
  /** The number of workers, or 0 without processes. */
  readonly nJobs: number
  readonly setup: CallSetup | undefined
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  readonly onEnd: CallEnd
}

/** A function that the workers load. */
export interface WarmFunction {
  readonly definition: CalledFunction
  readonly site: CallSite
}

const ONLY: LostTask = { index: 0, count: undefined, position: 0 }
const NO_LIMITS = { timeoutMs: 0, lifespan: 0, retries: 0 }

/** One call of `warm`: each worker is started and loads each function. A chunk of one task stands for a function and a worker. */
export class WarmCall implements Call, OutcomeListener {
  readonly #plan: WarmPlan
  #open = 0
  #isOver = false

  constructor(plan: WarmPlan) {
    this.#plan = plan
  }

  get id(): number {
    return this.#plan.id
  }

  get setup(): CallSetup | undefined {
    return this.#plan.setup
  }

  advance(): void {
    if (this.#isOver) return
    const { id, backend, functions, nJobs, setup } = this.#plan
    try {
      const batch = backend.open()
      for (const { definition } of functions) {
        for (let worker = 0; worker < (nJobs || 1); worker++) {
          const only = nJobs === 0 ? undefined : worker
          const header = {
            call: id,
            chunk: this.#open++,
            count: 1,
            definition: definition.id(),
            limits: NO_LIMITS,
            setup: setupId(setup),
            only
          }
          batch.begin().f64(0)
          batch.commit({ ...header, flags: callFlags(id, EACH | LOAD) })
        }
      }
      batch.send()
    } catch (error) {
      this.abort(error, false)
    }
  }

  stopPulling(): void {
    // It was accepted and goes on.
  }

  abort(error: unknown, kill: boolean): void {
    if (this.#isOver) return
    const { backend, id } = this.#plan
    this.#isOver = true
    this.#plan.reject(this.#siteOf(0).withStack(error))
    try {
      // A module that is being loaded is not stopped.
      backend.cancel(id, kill ? { reason: error, graceMs: 0 } : undefined)
    } finally {
      this.#plan.onEnd(this)
    }
  }

  outcome(
    chunk: number,
    _first: number,
    count: number,
    isFailure: boolean,
    _isLast: boolean,
    _elapsedUs: number,
    reader: Reader,
    attempt: number
  ): void {
    if (this.#isOver || count === 0) return
    if (isFailure) {
      const site = this.#siteOf(chunk)
      this.abort(site.withStack(site.readFailure(reader, ONLY, attempt)), false)
      return
    }
    if (--this.#open > 0) return
    this.#isOver = true
    this.#plan.resolve()
    this.#plan.onEnd(this)
  }

  lost(chunk: number, _first: number, _count: number, error: MakeError): void {
    if (!this.#isOver) this.abort(this.#siteOf(chunk).withStack(error(ONLY)), false)
  }

  #siteOf(chunk: number): CallSite {
    const { functions, nJobs } = this.#plan
    const { site } = functions[Math.floor(chunk / (nJobs || 1))] ?? (functions[0] as WarmFunction)
    return site
  }
}
