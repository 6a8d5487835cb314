import { atEntry, invalidOption } from '../../errors/index.js'
import { Map, Object, Proxy } from '../../primordials.js'
import type { AnyFunction, TaskReference, TaskReferences, UntypedFunction } from '../../types/index.js'
import { locateModule } from './module-url.js'

/** What stands behind a TaskReference: the place of an export. */
export class ModuleReference {
  // Only what task() made passes for a reference: data that looks like one does not.
  readonly #isReference = true
  readonly url: string
  /** Absent for the default export. */
  readonly name: string | undefined

  constructor(url: string, name: string | undefined) {
    this.url = url
    this.name = name
    Object.freeze(this)
  }

  static is(value: unknown): value is ModuleReference {
    return typeof value === 'object' && value !== null && #isReference in value && value.#isReference
  }
}

// The type's key exists for the compiler alone: it carries the function's type.
function toTaskReference(reference: ModuleReference): TaskReference {
  return reference as unknown as TaskReference
}

/**
 * Names an exported function of a module, which the workers import themselves; nothing is loaded here.
 *
 * @param url A URL (`file:`, `data:`, `node:`), also as a string, or an absolute path. A path relative to the calling file is
 *   `new URL('./jobs.js', import.meta.url)`.
 * @param name The export; the default export without it.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, for anything else, relative paths included.
 * @example
 * const resize = task<typeof import('./jobs.js').resize>(new URL('./jobs.js', import.meta.url), 'resize')
 * await pool.map(resize, files)
 */
export function task(url: string | URL, name?: string): TaskReference
// Apart from the first: among the arguments of a method the compiler would take F from what the method asks for.
export function task<F extends AnyFunction>(url: string | URL, name?: string): TaskReference<F>
export function task(url: string | URL, name?: string): TaskReference {
  return atEntry(task, () => {
    const located = locateModule('url', url)
    if (name !== undefined && typeof name !== 'string') throw invalidOption('type', 'name', name, 'a string')
    if (name === '') throw invalidOption('range', 'name', name, 'the name of an export')
    return toTaskReference(new ModuleReference(located, name === 'default' ? undefined : name))
  })
}

/**
 * Every exported function of a module as a reference, typed as the export. Whether the export exists is found out by the
 * worker; a misspelt one is a compile error. An export called `then` needs {@linkcode task}: the result may be awaited.
 *
 * @throws As {@linkcode task}.
 * @example
 * const jobs = tasks<typeof import('./jobs.js')>(new URL('./jobs.js', import.meta.url))
 * await pool.map(jobs.resize, files)
 */
export function tasks<M = Record<string, UntypedFunction>>(url: string | URL): TaskReferences<M> {
  const located = atEntry(tasks, () => locateModule('url', url))
  const made = new Map<string, ModuleReference>()
  const namespace: object = new Proxy(Object.freeze(Object.create(null) as object), {
    get(_target, key): ModuleReference | undefined {
      if (typeof key !== 'string' || key === 'then') return undefined
      let reference = made.get(key)
      if (reference === undefined) {
        reference = new ModuleReference(located, key === 'default' ? undefined : key)
        made.set(key, reference)
      }
      return reference
    }
  })
  return namespace as TaskReferences<M>
}
