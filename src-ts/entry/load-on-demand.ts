import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { URL, withOriginalGlobals } from '../primordials.js'
import { type Internals, ownInternals } from './internals.js'
import { missingFile } from './missing-file.js'

type OnDemand = typeof import('./on-demand.js')

const FILE = new URL('../../dist/millrace-on-demand.cjs', import.meta.url)
const require = createRequire(import.meta.url)
let loaded: OnDemand | undefined

function load(): OnDemand {
  try {
    const make = require(fileURLToPath(FILE)) as (internals: Internals) => OnDemand
    return make(ownInternals())
  } catch (error) {
    throw missingFile(FILE, error)
  }
}

/**
 * Loads the code that few programs need at once, the first time.
 * @throws TaskFunctionError, `ERR_POOL_FUNCTION`, if its file is missing
 */
export function loadOnDemand(): OnDemand {
  loaded ??= withOriginalGlobals(load)
  return loaded
}

/** That code, if it was loaded. */
export function loadedOnDemand(): OnDemand | undefined {
  return loaded
}
