import { TaskFunctionError } from '../errors/index.js'
import type { FunctionDefinition } from './definition.js'
import { withoutLimit } from './refusal/largest.js'
import { prepareFunction } from './resolve.js'

// Given by its name. The function itself has no such variable.
declare const sharedObjects: unknown

const readShared = (): unknown => sharedObjects

/** What is wrong, between the name of that function and the advice for functions. */
const REFUSAL = /^the function 'readShared' uses 'sharedObjects', which ([^]+?)(?:: [^:]*)?$/

/**
 * Makes the definition of a function that returns the value. So what is in the value travels as what a function captures does.
 * @throws TaskFunctionError for a value that cannot be sent, and for one that does not fit into a message
 */
export function prepareShared(value: unknown): FunctionDefinition {
  try {
    return withoutLimit(() => prepareFunction(readShared, { sharedObjects: value }))
  } catch (error) {
    const what = error instanceof TaskFunctionError ? REFUSAL.exec(error.message)?.[1] : undefined
    if (what === undefined) throw error
    throw new TaskFunctionError(`sharedObjects ${what}: make it in workerInit, in each worker`, {
      variable: 'sharedObjects'
    })
  }
}
