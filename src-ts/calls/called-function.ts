import type { Backend } from '../backend/index.js'
import type { FunctionDefinition } from '../functions/index.js'
import type { CallEnd } from './call.js'

/** The function of one call, as the back end knows it. */
export class CalledFunction {
  readonly #definition: FunctionDefinition
  readonly #backend: Backend
  #own: number | undefined

  constructor(definition: FunctionDefinition, backend: Backend) {
    this.#definition = definition
    this.#backend = backend
  }

  /** The current id. It may change, because the back end forgets permanent definitions that were not used for long. */
  id(): number {
    if (!this.#definition.isTransient) return this.#backend.define(this.#definition)
    this.#own ??= this.#backend.defineForCall(this.#definition)
    return this.#own
  }

  /** To be called when the call ends. */
  onEnd(then: CallEnd): CallEnd {
    if (!this.#definition.isTransient) return then
    return (call) => {
      then(call)
      if (this.#own !== undefined) this.#backend.release(this.#own)
    }
  }
}
