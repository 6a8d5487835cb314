import module from 'node:module'
import { types } from 'node:util'
import { Map, Object, toObject } from '../../primordials.js'
import { hasInspector, lookAround, readPromiseState, readVariable } from '../capture/inspector.js'
import { sourceOf } from '../refusal/refusals.js'

/** What the language calls the exports of a module. */
export type Namespace = Readonly<Record<string, unknown>>

/** What Node keeps of a module. */
interface ModuleWrap {
  getStatus(): number
  getNamespace(): Namespace
  evaluate(timeout: number, breakOnSigint: boolean): unknown
}

/** What is used of Node's loader of modules. */
interface Loader {
  /** Modules by their URLs, and by the kinds of what was loaded from them: `javascript`, `json`. */
  readonly loadCache: ReadonlyMap<unknown, Readonly<Record<string, { readonly module?: unknown }>>>
  /** Takes the specifier and the URL of the module; since Node 24 that URL and `{ specifier }`. */
  readonly resolveSync?: (first: string, second: unknown) => { readonly url: string }
}

/** `v8::Module::Status`. */
const EVALUATED = 4
const ERRORED = 5

const { get } = Map.prototype

let found: Loader | null | undefined

function isLoader(value: unknown): value is Loader {
  // The prototypes of the map are of Node's own making.
  return typeof value === 'object' && value !== null && 'loadCache' in value && types.isMap(value.loadCache)
}

/**
 * The loader of this environment, to which Node has no public way: functions of its own close over it, in all of 20 to 26. The
 * specs of module-lookup and module-meta fail where one day none does; then exports of ES modules go by value, and
 * `import.meta.resolve` in a function by value knows the conditions of `require` alone.
 */
function nodeLoader(): Loader | undefined {
  if (found === undefined) found = findLoader() ?? null
  return found ?? undefined
}

function findLoader(): Loader | undefined {
  // In the bundle for CommonJS the first is missing.
  for (const fn of [import.meta.resolve, module.register] as unknown[]) {
    if (typeof fn !== 'function') continue
    for (const scope of lookAround(fn, 'the function')?.scopes ?? []) {
      for (const name of ['loader', 'cascadedLoader']) {
        const loader = Object.hasOwn(scope.variables, name) ? readVariable(scope, name)?.value : undefined
        if (isLoader(loader)) return loader
      }
    }
  }
  return undefined
}

function isModuleWrap(value: unknown): value is ModuleWrap {
  const { getStatus, getNamespace, evaluate } = toObject(value) as Partial<Record<keyof ModuleWrap, unknown>>
  return [getStatus, getNamespace, evaluate].every((method) => typeof method === 'function')
}

/**
 * The namespace of a module that the loader has evaluated; `evaluating` while it has not, though some of it may be there
 * already; undefined for a module that the loader has not, or that has failed.
 *
 * `import()` could be asked instead, but it would have to be waited for, for as long as a hook of the loader takes, and for
 * ever where the module is evaluating; and what is not in the loader, such as a module made by `node:vm`, it would evaluate.
 */
export function loadedModule(url: string): Namespace | 'evaluating' | undefined {
  const loader = nodeLoader()
  if (loader === undefined) return undefined
  const jobs = Object.values(toObject(get.call(loader.loadCache, url)) as Record<string, { readonly module?: unknown }>)
  const wrap = jobs.map((job) => job.module).find(isModuleWrap)
  const status = wrap?.getStatus() ?? ERRORED
  if (wrap === undefined || status >= ERRORED) return undefined
  if (status < EVALUATED) return 'evaluating'
  // The engine says the same of a module whose top level awaits something. What it evaluated before it gives once more.
  const state = readPromiseState(wrap.evaluate(-1, false))
  if (state === 'pending') return 'evaluating'
  return state === 'fulfilled' ? wrap.getNamespace() : undefined
}

/**
 * What `import.meta.resolve` gives in the module at `base`, hooks and conditions included; undefined where the loader is not
 * to be had.
 * @throws What Node throws.
 */
export function resolveAs(base: string, specifier: string): string | undefined {
  const loader = hasInspector() ? nodeLoader() : undefined
  if (loader?.resolveSync === undefined) return undefined
  // It is asked by its text, since hooks would hear of a call.
  const isUrlFirst = /^\w+\(parentURL\b/.test(sourceOf(loader.resolveSync))
  try {
    return (isUrlFirst ? loader.resolveSync(base, { specifier }) : loader.resolveSync(specifier, base)).url
  } catch (error) {
    const { code, url } = toObject(error) as { readonly code?: unknown; readonly url?: unknown }
    const isPlace = code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_DIR_IMPORT'
    if (isPlace && typeof url === 'string') return url
    throw error
  }
}
