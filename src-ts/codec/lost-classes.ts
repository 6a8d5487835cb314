import { Set } from '../primordials.js'

// An item arrives without its class. The class is noted, once for each run of it, in case a task fails because of that.
let isNoted = false
let last: object | undefined
let met: Set<object> | undefined

/** Notes that an object with this prototype will arrive without it. */
export function noteClass(prototype: object): void {
  if (!isNoted || prototype === last) return
  last = prototype
  met ??= new Set()
  met.add(prototype)
}

/** Returns the prototypes that were noted since the last call, and goes on noting. */
export function takeClasses(): ReadonlySet<object> | undefined {
  const taken = met
  isNoted = true
  last = undefined
  met = undefined
  return taken
}
