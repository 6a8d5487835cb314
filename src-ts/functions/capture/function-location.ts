import { Object } from '../../primordials.js'
import { type FunctionAnalysis, analyze } from './analysis.js'
import { lookAround, type Surroundings } from './inspector.js'
import { type Script, scriptOf, scriptUrl } from './scripts.js'

/** The location of a function: its script, and the variables that it sees. */
export class FunctionLocation {
  readonly surroundings: Surroundings
  #script: Script | undefined
  #isRead = false

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings
  }

  /** Read at the first use, because the engine is slow. */
  get script(): Script | undefined {
    if (!this.#isRead) this.#script = scriptOf(this.surroundings.scriptId)
    this.#isRead = true
    return this.#script
  }

  /** That of its script. */
  get url(): string | undefined {
    return scriptUrl(this.surroundings.scriptId)
  }

  /** Whether the surrounding code declares the name. A `with` may declare it. */
  declares(name: string): boolean {
    return this.surroundings.scopes.some(
      ({ kind, variables }) => kind === 'With Block' || Object.hasOwn(variables, name)
    )
  }

  /** The analysis of the function, with the facts that only its location tells. */
  complete(analysis: FunctionAnalysis): FunctionAnalysis {
    if (!analysis.needsMode) return analysis
    const { scopes, line, column } = this.surroundings
    const { text, name, length } = analysis
    const isStrict = scopes.some(({ kind }) => kind === 'Module') || this.script?.isStrict(text, line, column) !== false
    return analyze({ text, name, length, mode: isStrict ? 'strict' : 'sloppy' })
  }
}

/** @throws TaskFunctionError if this process has no inspector */
export function locateFunction(fn: object, called: string): FunctionLocation | undefined {
  const surroundings = lookAround(fn, called)
  return surroundings === undefined ? undefined : new FunctionLocation(surroundings)
}
