import { types } from 'node:util'

import type { Backend } from '../backend.js'
import type { FunctionDefinition } from '../functions/resolve.js'
import type { CallSite } from './call-site.js'
import type { Call, CallEnd } from './call.js'
import { afterwards } from '../primordials.js'

/** The function of one call, as the backend knows it. */
export class CalledFunction {
  readonly #definition: FunctionDefinition | Promise<FunctionDefinition>
  readonly #backend: Backend
  #own: number | undefined
  #fail: (error: unknown) => void = () => undefined

  constructor(definition: FunctionDefinition | Promise<FunctionDefinition>, backend: Backend) {
    this.#definition = definition
    this.#backend = backend
  }

  /** The id as it is now: the backend forgets lasting ones that are long unused. */
  id(): number {
    const definition = this.#definition
    if (!types.isPromise(definition) && !definition.isTransient) return this.#backend.define(definition)
    this.#own ??= this.#backend.defineForCall(definition, (error) => this.#fail(error))
    return this.#own
  }

  /** What to do when the call ends. */
  onEnd(then: CallEnd): CallEnd {
    const definition = this.#definition
    if (!types.isPromise(definition) && !definition.isTransient) return then
    return (call) => {
      then(call)
      if (this.#own !== undefined) this.#backend.release(this.#own)
    }
  }

  /** Fails the call where its function turns out to be none that can travel. */
  watch(call: Call, site: CallSite): void {
    this.#fail = (error) => call.abort(site.place(error), false)
    // It may be rejected before anything is sent.
    if (types.isPromise(this.#definition)) void afterwards(this.#definition, undefined, this.#fail)
  }
}
