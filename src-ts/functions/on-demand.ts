/** Functions by value take a parser, the inspector and a third of the library. A program that only names exports loads none of it. */
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
 * Makes anything that names a function ready for the workers: a function, a reference made by `task()` or `tasks()`, or the
 * URL of a module whose default export it is.
 *
 * @param given Values for free names of the function, before any variable around it.
 * @throws TaskFunctionError, `ERR_POOL_FUNCTION`, for a function that cannot travel; `variable` names what it takes from
 *   around it.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, for what names no function.
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
 * Makes the stacks of an error that came from a worker, and of those that hang on it, name what stacks of this process name.
 * @param fn What the call was made with.
 */
export function mapStacks(error: unknown, fn: unknown): void {
  // Without a function by value there is no stack to put right.
  loaded?.mapStacks(error, fn)
}
