import { types } from 'node:util'
import { invalidOption, TaskFunctionError } from '../errors.js'
import { shipSource, type Described } from './from-source.js'
import { globalPath } from './globals.js'
import { isUrl, locateModule } from './locate.js'
import { ModuleReference } from './reference.js'
import { callName, isNativeText, sourceOf, uncallable } from './refusals.js'
import type { Shipped, ShippedGlobal } from './shipped.js'

/** A function, ready to travel. */
export interface FunctionDefinition {
  /** Equal keys mean the same function: it is sent to a worker once. */
  readonly key: string
  /** For messages: the function's or export's name, `default`, or `(anonymous)`. */
  readonly name: string
  /** What the worker makes the function of. */
  readonly json: string
}

const byFunction = new WeakMap<object, FunctionDefinition>()

// A closure without variables that is written inside a loop is a new object in every turn, with the same text.
const TEXTS_KEPT = 256
const byText = new Map<string, FunctionDefinition>()

function define(shipped: Shipped, name: string): FunctionDefinition {
  const json = JSON.stringify(shipped)
  return Object.freeze({ key: json, name, json })
}

function ownString(fn: object, key: string): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(fn, key)?.value
  return typeof value === 'string' ? value : undefined
}

function ownCount(fn: object, key: string): number | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(fn, key)?.value
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function resolveNative(fn: object, name: string | undefined): FunctionDefinition {
  const path = globalPath(fn)
  if (path !== undefined) return define({ kind: 'global', path } satisfies ShippedGlobal, path.join('.'))
  throw new TaskFunctionError(
    `${callName(name)} is native code or bound, which no other process has: pass a function that calls it, such as (x) => f(x)`
  )
}

function resolveCallable(fn: object): FunctionDefinition {
  const name = ownString(fn, 'name')
  const called = callName(name)
  if (types.isProxy(fn)) throw new TaskFunctionError('a Proxy of a function cannot travel: pass the function itself')
  const text = sourceOf(fn)
  if (isNativeText(text)) return resolveNative(fn, name)
  const refusal = uncallable(fn, text, called)
  if (refusal !== undefined) throw refusal

  // Only sloppy classic functions have it; arrows, methods and async functions never do.
  const described: Described = { text, name, length: ownCount(fn, 'length'), isSloppy: Object.hasOwn(fn, 'caller') }
  const key = `${name?.length} ${name} ${described.length} ${described.isSloppy} ${text}`
  let definition = byText.get(key)
  if (definition === undefined) {
    definition = define(shipSource(described), name === undefined || name === '' ? '(anonymous)' : name)
    if (byText.size >= TEXTS_KEPT) byText.clear()
    byText.set(key, definition)
  }
  return definition
}

function resolveFresh(fn: object): FunctionDefinition | undefined {
  if (typeof fn === 'function') return resolveCallable(fn)
  if (ModuleReference.is(fn)) return define({ kind: 'module', url: fn.url, name: fn.name }, fn.name ?? 'default')
  return undefined
}

/**
 * Makes anything that names a function ready for the workers: a function, a reference made by `task()` or `tasks()`, or the
 * URL of a module whose default export it is. A function object is looked at once.
 *
 * @throws TaskFunctionError, `ERR_POOL_FUNCTION`, for a function that cannot travel; `variable` names what it takes from
 *   around it.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, for what names no function.
 */
export function resolveFunction(fn: unknown): FunctionDefinition {
  // Not remembered: a URL can be changed.
  if (isUrl(fn)) return define({ kind: 'module', url: locateModule('fn', fn) }, 'default')
  if (typeof fn === 'function' || (typeof fn === 'object' && fn !== null)) {
    const known = byFunction.get(fn)
    if (known !== undefined) return known
    const definition = resolveFresh(fn)
    if (definition !== undefined) {
      byFunction.set(fn, definition)
      return definition
    }
  }
  throw invalidOption('type', 'fn', fn, 'a function, a reference made by task() or tasks(), or a URL object')
}
