import { invalidOption } from '../../errors/index.js'
import { WeakMap } from '../../primordials.js'
import { define, type FunctionDefinition } from '../definition.js'
import { referencePlace } from './callable.js'
import { isUrl, locateModule } from './module-url.js'

const known = new WeakMap<object, FunctionDefinition>()

/**
 * Prepares for the workers what names a function: a reference made by `task()` or `tasks()`, or the URL of a module whose default
 * export it is.
 *
 * @param hasContext True: the option `context` is given, which is for functions alone.
 * @returns undefined for a function.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, for what names no function.
 */
export function prepareReference(fn: unknown, hasContext: boolean): FunctionDefinition | undefined {
  const reference = referencePlace(fn)
  if (typeof fn === 'function' && reference === undefined) return undefined
  if (hasContext) throw invalidOption('type', 'fn', fn, 'a function if the option context is given')
  if (typeof fn === 'function' && reference !== undefined) {
    const { url, name } = reference
    const definition = known.get(fn) ?? define({ kind: 'module', url, name }, name ?? 'default')
    known.set(fn, definition)
    return definition
  }
  // Not remembered: a URL can be changed.
  if (isUrl(fn)) return define({ kind: 'module', url: locateModule('fn', fn) }, 'default')
  throw noFunction(fn)
}

/** @throws TypeError for a value that names no function. Whether a function can travel is checked when it is called. */
export function checkFunction(fn: unknown, name = 'fn'): void {
  if (typeof fn !== 'function' && !isUrl(fn)) throw noFunction(fn, name)
}

function noFunction(fn: unknown, name = 'fn'): TypeError {
  return invalidOption('type', name, fn, 'a function, a reference made by task() or tasks(), or a URL object')
}
