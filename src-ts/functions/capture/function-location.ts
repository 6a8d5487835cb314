import { Object } from '../../primordials.js'
import { type FunctionAnalysis, analyze } from './analysis.js'
import { lookAround, type Surroundings } from './inspector.js'
import { type Script, scriptOf, scriptUrl } from './scripts.js'

/** Where a function stands: what it sees, and the script that it is of. */
export class FunctionLocation {
  readonly surroundings: Surroundings
  #script: Script | undefined
  #isRead = false

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings
  }

  /** Read when it is first asked for: the engine takes its time. */
  get script(): Script | undefined {
    if (!this.#isRead) this.#script = scriptOf(this.surroundings.scriptId)
    this.#isRead = true
    return this.#script
  }

  /** That of its script. */
  get url(): string | undefined {
    return scriptUrl(this.surroundings.scriptId)
  }

  /** True where something around the function declares the name. A `with` may. */
  declares(name: string): boolean {
    return this.surroundings.scopes.some(
      ({ kind, variables }) => kind === 'With Block' || Object.hasOwn(variables, name)
    )
  }

  /** The function's analysis, by what only its place tells. */
  complete(analysis: FunctionAnalysis): FunctionAnalysis {
    if (!analysis.needsMode) return analysis
    const { scopes, line, column } = this.surroundings
    const { text, name, length } = analysis
    const isStrict = scopes.some(({ kind }) => kind === 'Module') || this.script?.isStrict(text, line, column) !== false
    return analyze({ text, name, length, mode: isStrict ? 'strict' : 'sloppy' })
  }
}

/** @throws TaskFunctionError where this process has no inspector. */
export function locateFunction(fn: object, called: string): FunctionLocation | undefined {
  const surroundings = lookAround(fn, called)
  return surroundings === undefined ? undefined : new FunctionLocation(surroundings)
}
