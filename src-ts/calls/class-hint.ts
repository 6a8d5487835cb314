import { types } from 'node:util'
import { classNameOf } from '../codec/index.js'
import { isNativeText, sourceOf } from '../functions/index.js'
import { Object, Symbol } from '../primordials.js'

const NOT_A_FUNCTION = /\.([\p{ID_Start}$_][\p{ID_Continue}$]*) is not a function/u
const NOT_ITERABLE = /(?:is not (?:async )?iterable|is not a function or its return value is not (?:async )?iterable)/

/** The messages of the engine about a missing member. */
function missingMember(error: unknown): string | symbol | undefined {
  if (!types.isNativeError(error)) return undefined
  const message: unknown = Object.getOwnPropertyDescriptor(error, 'message')?.value
  if (error.name !== 'TypeError' || typeof message !== 'string') return undefined
  const method = NOT_A_FUNCTION.exec(message)?.[1]
  if (method !== undefined) return method
  return NOT_ITERABLE.test(message) ? Symbol.iterator : undefined
}

function hasMethod(prototype: object, key: string | symbol): boolean {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (types.isProxy(at)) return false
    const descriptor = Object.getOwnPropertyDescriptor(at, key)
    // The worker has the members that the language provides.
    if (descriptor !== undefined)
      return typeof descriptor.value === 'function' && !isNativeText(sourceOf(descriptor.value as object))
  }
  return false
}

/**
 * A line for the stack of an error that a task threw because items have lost their class. undefined for any other error.
 * @param classes The prototypes of the call's items.
 */
export function classHint(error: unknown, classes: Iterable<object>): string | undefined {
  const missing = missingMember(error)
  if (missing === undefined) return undefined
  for (const prototype of classes) {
    if (!hasMethod(prototype, missing)) continue
    const { name } = classNameOf(prototype)
    const what = typeof missing === 'string' ? `the method '${missing}'` : 'its iterator'
    const owner = name === '' ? 'a class' : `the class ${name}`
    return `  Note: this call was sent an instance of ${owner}. It arrived as a plain object, without ${what}: make the instance in the task, or capture it.`
  }
  return undefined
}
