import module from 'node:module'
import { types } from 'node:util'
import { Map, Object } from '../primordials.js'
import { lookAround, readPromiseState, readVariable } from './inspector.js'

/** What the language calls the exports of a module. */
export type Namespace = Readonly<Record<string, unknown>>

/** What Node keeps of a module; not public, see {@linkcode findCache}. */
interface ModuleWrap {
  getStatus(): number
  getNamespace(): Namespace
  evaluate(timeout: number, breakOnSigint: boolean): unknown
}

type Cache = ReadonlyMap<unknown, unknown>

/** `v8::Module::Status`. */
const EVALUATED = 4
const ERRORED = 5

const { get } = Map.prototype

let cache: Cache | null | undefined

/**
 * The modules that this environment's loader has, by their URLs. `import()` could be asked instead, but it would have to be
 * waited for, for as long as a hook of the loader takes, and for ever where the module is evaluating; and what is not in the
 * loader, such as a module made by `node:vm`, it would evaluate.
 *
 * Node has no public way to them. Functions of its own close over the loader, in all of 20 to 26; where one day none does,
 * the functions of ES modules go by value.
 */
function findCache(): Cache | undefined {
  // In the bundle for CommonJS the first is missing.
  for (const fn of [import.meta.resolve, module.register] as unknown[]) {
    if (typeof fn !== 'function') continue
    for (const scope of lookAround(fn, 'the function')?.scopes ?? []) {
      for (const name of ['loader', 'cascadedLoader']) {
        const loader = Object.hasOwn(scope.variables, name) ? readVariable(scope, name)?.value : undefined
        const found = (loader as { readonly loadCache?: unknown } | null | undefined)?.loadCache
        // Its prototypes are of Node's own making.
        if (types.isMap(found)) return found
      }
    }
  }
  return undefined
}

function isModuleWrap(value: unknown): value is ModuleWrap {
  const { getStatus, getNamespace, evaluate } = (value ?? {}) as Partial<Record<keyof ModuleWrap, unknown>>
  return [getStatus, getNamespace, evaluate].every((method) => typeof method === 'function')
}

/**
 * The namespace of a module that the loader has evaluated; `evaluating` while it has not, though some of it may be there
 * already; undefined for a module that the loader has not, or that has failed.
 */
export function loadedModule(url: string): Namespace | 'evaluating' | undefined {
  cache ??= findCache() ?? null
  if (cache === null) return undefined
  // By the kinds of what was loaded from the URL: `javascript`, `json`.
  const jobs = Object.values((get.call(cache, url) ?? {}) as Record<string, { readonly module?: unknown }>)
  const wrap = jobs.map((job) => job.module).find(isModuleWrap)
  const status = wrap?.getStatus() ?? ERRORED
  if (wrap === undefined || status >= ERRORED) return undefined
  if (status < EVALUATED) return 'evaluating'
  // The engine says the same of a module whose top level awaits something. What it evaluated before it gives once more.
  const state = readPromiseState(wrap.evaluate(-1, false))
  if (state === 'pending') return 'evaluating'
  return state === 'fulfilled' ? wrap.getNamespace() : undefined
}
