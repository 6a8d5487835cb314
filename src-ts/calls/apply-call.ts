import type { Backend, LostTask, MakeError, OutcomeListener, TaskLimits } from '../backend/index.js'
import { type Reader, readResults, unreadable, writeValue } from '../codec/index.js'
import type { CallSite } from './call-site.js'
import type { CalledFunction } from './called-function.js'
import { type CallSetup, setupId } from './call-setup.js'
import type { Call, CallEnd } from './call.js'
import { type TraceSource, writeChunkHead } from '../protocol/index.js'

/** The parameters of an `apply` that it needs until its end. */
export interface ApplyPlan {
  readonly id: number
  readonly backend: Backend
  readonly setup: CallSetup | undefined
  readonly killGraceMs: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly site: CallSite
  /** With it, the task says when it was sent. */
  readonly clock: (() => number) | undefined
  /** Tells whether the pool is traced. */
  readonly traces: TraceSource
  readonly onEnd: CallEnd
}

/** Its task. It is forgotten once it was sent: of ten thousand calls that wait, only the rest stays in memory. */
export interface ApplyTask {
  readonly definition: CalledFunction
  readonly args: readonly unknown[]
  readonly flags: number
  readonly limits: TaskLimits
}

/** The one task. */
const ONLY: LostTask = { index: 0, count: undefined, position: 0 }

/** One call of `apply`, which is a single task. */
export class ApplyCall implements Call, OutcomeListener {
  readonly #plan: ApplyPlan
  #task: ApplyTask | undefined
  #isOver = false

  constructor(plan: ApplyPlan, task: ApplyTask) {
    this.#plan = plan
    this.#task = task
  }

  get id(): number {
    return this.#plan.id
  }

  get setup(): CallSetup | undefined {
    return this.#plan.setup
  }

  /** Submits the task. Arguments that cannot be sent fail it. */
  advance(): void {
    const task = this.#task
    if (this.#isOver || task === undefined) return
    this.#task = undefined
    const { definition, args, flags, limits } = task
    const { id, backend, site, setup, clock, traces } = this.#plan
    const batch = backend.open()
    let isSent = false
    try {
      const writer = batch.begin()
      writeChunkHead(writer, 0, clock?.(), traces.current?.chunkTrace(site.name))
      site.beginItems()
      writeValue(writer, args, argsRoot)
      site.endItems()
      // Getters of the arguments have run. They may have aborted the call or terminated the pool.
      if (this.#isOver) return
      batch.commit({
        call: id,
        chunk: 0,
        count: 1,
        definition: definition.id(),
        flags,
        limits,
        setup: setupId(setup),
        only: undefined
      })
      isSent = true
      batch.send()
    } catch (error) {
      if (!this.#isOver) this.#fail(error)
    } finally {
      if (!isSent) batch.discard()
    }
  }

  stopPulling(): void {
    // The task was accepted and goes on.
  }

  abort(error: unknown, kill: boolean): void {
    if (this.#isOver) return
    const { backend, id, killGraceMs, site } = this.#plan
    this.#isOver = true
    this.#plan.reject(site.withStack(error))
    try {
      backend.cancel(id, kill ? { reason: error, graceMs: killGraceMs } : undefined)
    } finally {
      this.#plan.onEnd(this)
    }
  }

  outcome(
    _chunk: number,
    _first: number,
    count: number,
    isFailure: boolean,
    _l: boolean,
    _us: number,
    reader: Reader,
    attempt: number
  ): void {
    if (this.#isOver || count === 0) return
    if (isFailure) {
      this.#fail(this.#plan.site.readFailure(reader, ONLY, attempt))
      return
    }
    const { resolve } = this.#plan
    if (readResults(reader, 1, (_offset, value) => resolve(value)) === 1) this.#end()
    else this.#fail(unreadable())
  }

  lost(_chunk: number, _first: number, _count: number, error: MakeError): void {
    if (!this.#isOver) this.#fail(error(ONLY))
  }

  #fail(error: unknown): void {
    this.#plan.reject(this.#plan.site.withStack(error))
    this.#end()
  }

  #end(): void {
    this.#isOver = true
    this.#plan.onEnd(this)
  }
}

function argsRoot(): string {
  return 'args'
}
