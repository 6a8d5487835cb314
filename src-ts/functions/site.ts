import { lookAround, type Surroundings } from './inspector.js'
import { type Script, scriptOf } from './scripts.js'

/** Where a function stands: what it sees, and the script that it is of. */
export interface Site {
  readonly surroundings: Surroundings
  readonly script: Script | undefined
}

/** @throws TaskFunctionError where this process has no inspector. */
export function visit(fn: object, called: string): Site | undefined {
  const surroundings = lookAround(fn, called)
  return surroundings === undefined ? undefined : { surroundings, script: scriptOf(surroundings.scriptId) }
}
