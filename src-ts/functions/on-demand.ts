import { loadOnDemand, loadedOnDemand } from '../entry/load-on-demand.js'
import './reference/entry.js'
import type { GivenNames } from './capture/capture.js'
import type { FunctionDefinition } from './definition.js'
import { prepareReference } from './reference/prepare-reference.js'

/**
 * Makes a definition for the workers of anything that names a function: a function, a reference from `task()` or `tasks()`, or the URL of
 * a module with a default export.
 *
 * @param given Values for free names of the function. They win over variables around it.
 * @throws TaskFunctionError, `ERR_POOL_FUNCTION`, for a function that cannot be sent; its `variable` names the variable
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, for a value that names no function
 */
export function prepareFunction(fn: unknown, given?: GivenNames): FunctionDefinition {
  return prepareReference(fn, given !== undefined) ?? loadOnDemand().prepareFunction(fn, given)
}

/** Makes the definition of a function that returns the shared objects of a pool. It throws what `prepareFunction` throws. */
export function prepareShared(value: unknown): FunctionDefinition {
  return loadOnDemand().prepareShared(value)
}

/** The same for tasks that run in this process: a debugger finds the function in its file. */
export function prepareFunctionHere(fn: unknown, given?: GivenNames): FunctionDefinition {
  const definition = prepareFunction(fn, given)
  return typeof fn === 'function' ? loadOnDemand().withLocation(fn, definition) : definition
}

/**
 * Maps the stacks of an error from a worker, and of the errors that it refers to, to the locations that stacks of this process name.
 * @param fn The function of the call.
 */
export function mapStacks(error: unknown, fn: unknown): void {
  // If no function was sent by value, no stack has to be mapped.
  loadedOnDemand()?.mapStacks(error, fn)
}
