import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { TaskFunctionError } from '../../errors/index.js'
import { Object, Set } from '../../primordials.js'
import { callName, isNativeText, sourceOf, uncallable } from '../refusal/refusals.js'
import { shortenUrl } from '../refusal/shorten-url.js'
import type { ShippedModule } from '../ship/shipped.js'

/** A function that a worker can run. */
export interface TaskCallable {
  /** Always calls the function with `this` undefined. */
  readonly call: Callable
  /** Whether the function never receives a context: it is native, bound, or from a module of Node. */
  readonly isNative: boolean
}

type Callable = (...args: unknown[]) => unknown

const require = createRequire(import.meta.url)

const NOT_FOUND: ReadonlySet<unknown> = new Set([
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNKNOWN_BUILTIN_MODULE',
  'ENOENT',
  'EISDIR'
])

function isFile(url: string): boolean {
  return statSync(fileURLToPath(url), { throwIfNoEntry: false })?.isFile() === true
}

/** Whether this module is missing, and not one that it imports. */
function isMissing(url: string, error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error) || !NOT_FOUND.has(error.code)) return false
  return url.startsWith('node:') || (url.startsWith('file:') && !isFile(url))
}

function isHolder(value: unknown): value is Readonly<Record<string, unknown>> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function own(holder: unknown, name: string): unknown {
  return isHolder(holder) && Object.hasOwn(holder, name) ? holder[name] : undefined
}

/** The value that an `import` of a name gives. For CommonJS also members that only `module.exports` has. */
export function findImport(namespace: object, name: string): unknown {
  const found = own(namespace, name)
  return found === undefined && name !== 'default' ? own(own(namespace, 'default'), name) : found
}

/** The export, by the rules of `import`. For CommonJS also members that only `module.exports` has. */
function findExport(
  namespace: Readonly<Record<string, unknown>>,
  { name, isRequired }: Pick<ShippedModule, 'name' | 'isRequired'>
): unknown {
  const main = own(namespace, 'default')
  // A required module has only the members of its `module.exports`, of which one may be named `default`.
  if (name !== undefined) return (isRequired === true ? undefined : own(namespace, name)) ?? own(main, name)
  // The file is CommonJS that was compiled from `export default`.
  return typeof main !== 'function' && own(main, '__esModule') === true ? own(main, 'default') : main
}

/** Imports the module and takes the export, whatever it is. @throws TaskFunctionError where the module is missing. */
export async function importExport(place: Omit<ShippedModule, 'kind'>): Promise<unknown> {
  return findExport(await importModule(place), place)
}

async function importModule({
  url,
  isRequired
}: Omit<ShippedModule, 'kind'>): Promise<Readonly<Record<string, unknown>>> {
  try {
    if (isRequired === true) return { default: require(fileURLToPath(url)) as unknown }
    return (await import(url)) as Readonly<Record<string, unknown>>
  } catch (error) {
    if (isMissing(url, error))
      throw new TaskFunctionError(`the module ${shortenUrl(url)} does not exist`, { cause: error })
    throw error
  }
}

/**
 * Imports the module and takes the export.
 * @throws TaskFunctionError naming file and export where one is missing or no function. What a module throws while it loads
 *   comes through unchanged.
 */
async function loadModule(shipped: ShippedModule): Promise<Callable> {
  const { url, name } = shipped
  const place = shortenUrl(url)
  const namespace = await importModule(shipped)
  const value = findExport(namespace, shipped)
  if (typeof value === 'function') return value as Callable
  if (value !== undefined) {
    const shown = inspect(value, { depth: 0, breakLength: Infinity }).slice(0, 100)
    const wanted = name === undefined ? 'the default export' : `the export '${name}'`
    throw new TaskFunctionError(`${wanted} of ${place} is not a function: ${shown}`)
  }
  const exported = Object.keys(namespace).slice(0, 20).join(', ')
  const wanted = name === undefined ? 'default export' : `export '${name}'`
  throw new TaskFunctionError(`the module ${place} has no ${wanted} (exports: ${exported === '' ? 'none' : exported})`)
}

/**
 * Makes a function ready to be run.
 * @param called How messages call it.
 * @throws TaskFunctionError for one that no pool can run, such as a generator.
 */
export function toCallable(fn: Callable, called: string, isBuiltIn: boolean): TaskCallable {
  const text = sourceOf(fn)
  const refusal = uncallable(fn, text, called)
  if (refusal !== undefined) throw refusal
  return { call: fn.bind(undefined), isNative: isBuiltIn || isNativeText(text) }
}

/**
 * Imports the module and makes its export ready to be run.
 * @throws As {@linkcode loadModule} and {@linkcode toCallable}, as a rejection.
 */
export async function loadCallable(shipped: ShippedModule): Promise<TaskCallable> {
  const fn = await loadModule(shipped)
  return toCallable(fn, callName(shipped.name ?? 'default'), shipped.url.startsWith('node:'))
}
