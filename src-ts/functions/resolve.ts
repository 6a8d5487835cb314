import { types } from 'node:util'
import { invalidOption, TaskFunctionError } from '../errors.js'
import { type Anatomy, anatomyOf } from './anatomy.js'
import { Capture, type GivenNames } from './capture.js'
import { describeFunction } from './described.js'
import { Undecided } from './exports.js'
import { isSelfContained, shipSource } from './from-source.js'
import { globalPath } from './globals.js'
import type { Graph } from './graph.js'
import { isUrl, locateModule } from './locate.js'
import { ModuleReference } from './reference.js'
import { callName, isNativeText, sourceOf, uncallable } from './refusals.js'
import { shipClosure } from './ship-closure.js'
import type { Shipped, ShippedGlobal } from './shipped.js'

/** A function, ready to travel. */
export interface FunctionDefinition {
  /** Equal keys mean the same function: it is sent to a worker once. */
  readonly key: string
  /** For messages: the function's or export's name, `default`, or `(anonymous)`. */
  readonly name: string
  /** What the worker makes the function of. */
  readonly json: string
  /** Made for one call, since what it captures may be different in the next one. */
  readonly isTransient: boolean
}

/** What is known of a function object. */
type Known =
  | { readonly definition: FunctionDefinition }
  /** Its variables cannot change, the objects that they hold may. */
  | { readonly graph: Graph }
  /** Its first call is about to find out. */
  | { readonly pending: Promise<FunctionDefinition> }

const byFunction = new WeakMap<object, Known>()

// An arrow function that is written inside a loop is a new object in every turn, with the same text.
const TEXTS_KEPT = 256
const byText = new Map<string, Anatomy | FunctionDefinition>()

function define(shipped: Shipped, name: string, isTransient = false): FunctionDefinition {
  const json = JSON.stringify(shipped)
  return Object.freeze({ key: json, name, json, isTransient })
}

function resolveNative(fn: object, name: string | undefined): FunctionDefinition {
  const path = globalPath(fn)
  if (path !== undefined) return define({ kind: 'global', path } satisfies ShippedGlobal, path.join('.'))
  throw new TaskFunctionError(
    `${callName(name)} is native code or bound, which no other process has: pass a function that calls it, such as (x) => f(x)`
  )
}

/** The definition of a function whose text is all there is to it, else what the text holds. */
function readText(fn: object): Anatomy | FunctionDefinition {
  if (types.isProxy(fn)) throw new TaskFunctionError('a Proxy of a function cannot travel: pass the function itself')
  const text = sourceOf(fn)
  const described = describeFunction(fn, text)
  const { name, length, isSloppy } = described
  if (isNativeText(text)) return resolveNative(fn, name)
  const refusal = uncallable(fn, text, callName(name))
  if (refusal !== undefined) throw refusal

  const key = `${name?.length} ${name} ${length} ${isSloppy} ${text}`
  const known = byText.get(key)
  if (known !== undefined) return known
  const anatomy = anatomyOf(described)
  const read = isSelfContained(anatomy) ? define(shipSource(anatomy), labelOf(anatomy)) : anatomy
  if (byText.size >= TEXTS_KEPT) byText.clear()
  byText.set(key, read)
  return read
}

function labelOf({ name }: Anatomy): string {
  return name === undefined || name === '' ? '(anonymous)' : name
}

function captureNow(
  fn: object,
  anatomy: Anatomy,
  given: GivenNames | undefined,
  undecided: Undecided
): FunctionDefinition {
  const captured = new Capture(given, undecided).run(fn, anatomy)
  if ('url' in captured) return remember(fn, define({ kind: 'module', ...captured }, captured.name ?? 'default'))
  const definition = define(shipClosure(captured), labelOf(anatomy), captured.freshness !== 'fixed')
  if (!undecided.isEmpty || given !== undefined) return definition
  if (captured.freshness === 'contents') byFunction.set(fn, { graph: captured })
  return definition.isTransient ? definition : remember(fn, definition)
}

function remember(fn: object, definition: FunctionDefinition): FunctionDefinition {
  byFunction.set(fn, { definition })
  return definition
}

/** What is read of variables is read now; only whether functions are exports may have to be waited for. */
function capture(
  fn: object,
  anatomy: Anatomy,
  given: GivenNames | undefined
): FunctionDefinition | Promise<FunctionDefinition> {
  const undecided = new Undecided()
  let made: FunctionDefinition | undefined
  let failure: unknown
  try {
    made = captureNow(fn, anatomy, given, undecided)
  } catch (error) {
    if (undecided.isEmpty) throw error
    failure = error
  }
  if (made !== undefined && undecided.isEmpty) return made
  const pending = undecided.decide().then(() => {
    if (given === undefined) byFunction.delete(fn)
    if (undecided.hasExports) return resolveLate(fn, anatomy, given)
    if (made === undefined) throw failure
    return made.isTransient || given !== undefined ? made : remember(fn, made)
  })
  // What is read anew in each call is read by each one, also before it is decided.
  if (given === undefined && made?.isTransient !== true) byFunction.set(fn, { pending })
  return pending
}

async function resolveLate(fn: object, anatomy: Anatomy, given: GivenNames | undefined): Promise<FunctionDefinition> {
  return capture(fn, anatomy, given)
}

function resolveCallable(fn: object, given: GivenNames | undefined): FunctionDefinition | Promise<FunctionDefinition> {
  const known = given === undefined ? byFunction.get(fn) : undefined
  if (known !== undefined) {
    if ('definition' in known) return known.definition
    if ('graph' in known) return define(shipClosure(known.graph), known.graph.members[0]?.anatomy.name ?? '', true)
    return known.pending
  }
  const read = readText(fn)
  if ('parsed' in read) return capture(fn, read, given)
  return given === undefined ? remember(fn, read) : read
}

/**
 * Makes anything that names a function ready for the workers: a function, a reference made by `task()` or `tasks()`, or the
 * URL of a module whose default export it is.
 *
 * @param given Values for free names of the function, before any variable around it.
 * @returns The definition; a promise of it where it has to be found out first whether a module exports the function.
 * @throws TaskFunctionError, `ERR_POOL_FUNCTION`, thrown or as a rejection, for a function that cannot travel; `variable`
 *   names what it takes from around it.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, for what names no function.
 */
export function prepareFunction(fn: unknown, given?: GivenNames): FunctionDefinition | Promise<FunctionDefinition> {
  if (typeof fn === 'function') return resolveCallable(fn, given)
  if (given !== undefined) throw invalidOption('type', 'fn', fn, 'a function, where the option context is given')
  // Not remembered: a URL can be changed.
  if (isUrl(fn)) return define({ kind: 'module', url: locateModule('fn', fn) }, 'default')
  if (ModuleReference.is(fn)) {
    const known = byFunction.get(fn)
    if (known !== undefined && 'definition' in known) return known.definition
    return remember(fn, define({ kind: 'module', url: fn.url, name: fn.name }, fn.name ?? 'default'))
  }
  throw invalidOption('type', 'fn', fn, 'a function, a reference made by task() or tasks(), or a URL object')
}
