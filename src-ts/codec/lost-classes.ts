import { Set } from '../primordials.js'

// An item of a class arrives without it. That is noted, for the task that fails by it: once for each class in a row.
let isNoted = false
let last: object | undefined
let met: Set<object> | undefined

/** Notes an object that has this prototype, and arrives without it. */
export function noteClass(prototype: object): void {
  if (!isNoted || prototype === last) return
  last = prototype
  met ??= new Set()
  met.add(prototype)
}

/** Notes from now on; gives what was noted since it was called last. */
export function takeClasses(): ReadonlySet<object> | undefined {
  const taken = met
  isNoted = true
  last = undefined
  met = undefined
  return taken
}
