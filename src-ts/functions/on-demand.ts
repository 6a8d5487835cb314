/** Sending functions by value needs a parser, the inspector and a third of the library. A program that only names exports loads none. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { ownInternals, type Internals } from '../entry/internals.js'
import './reference/entry.js'
import { URL, withOriginalGlobals } from '../primordials.js'
import type { GivenNames } from './capture/capture.js'
import type { FunctionDefinition } from './definition.js'
import { missingPart } from './refusal/missing-part.js'
import { prepareReference } from './reference/prepare-reference.js'

type ByValue = typeof import('./by-value.js')

const FILE = new URL('../../dist/millrace-functions.cjs', import.meta.url)
const require = createRequire(import.meta.url)
let loaded: ByValue | undefined

function load(): ByValue {
  try {
    const make = require(fileURLToPath(FILE)) as (internals: Internals) => ByValue
    return make(ownInternals())
  } catch (error) {
    throw missingPart(FILE, error)
  }
}

function byValue(): ByValue {
  loaded ??= withOriginalGlobals(load)
  return loaded
}

/**
 * Makes a definition for the workers of anything that names a function: a function, a reference from `task()` or `tasks()`, or the URL of
 * a module with a default export.
 *
 * @param given Values for free names of the function. They win over variables around it.
 * @throws TaskFunctionError, `ERR_POOL_FUNCTION`, for a function that cannot be sent; its `variable` names the variable
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, for a value that names no function
 */
export function prepareFunction(fn: unknown, given?: GivenNames): FunctionDefinition {
  return prepareReference(fn, given !== undefined) ?? byValue().prepareFunction(fn, given)
}

/** The same for tasks that run in this process: a debugger finds the function in its file. */
export function prepareFunctionHere(fn: unknown, given?: GivenNames): FunctionDefinition {
  const definition = prepareFunction(fn, given)
  return typeof fn === 'function' && loaded !== undefined ? loaded.withLocation(fn, definition) : definition
}

/**
 * Maps the stacks of an error from a worker, and of the errors that it refers to, to the locations that stacks of this process name.
 * @param fn The function of the call.
 */
export function mapStacks(error: unknown, fn: unknown): void {
  // If no function was sent by value, no stack has to be mapped.
  loaded?.mapStacks(error, fn)
}
