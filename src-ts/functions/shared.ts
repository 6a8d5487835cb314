import type { FunctionDefinition } from './definition.js'
import { withoutLimit } from './refusal/largest.js'
import { prepareFunction } from './resolve.js'

// Given by its name. The function itself has no such variable.
declare const sharedObjects: unknown

// A variable with the name that messages call it by.
const pool = (): unknown => sharedObjects

/**
 * Makes the definition of a function that returns the value. So what is in the value travels as what a function captures does.
 * @throws TaskFunctionError for a value that cannot be sent, and for one that does not fit into a message
 */
export function prepareShared(value: unknown): FunctionDefinition {
  return withoutLimit(() => prepareFunction(pool, { sharedObjects: value }))
}
