import { atEntry, invalidOption } from '../../errors/index.js'
import type { AnyFunction, TaskReference, TaskReferences, UntypedFunction } from '../../types/index.js'
import { makeNamespace, makeReference } from './callable.js'
import { locateModule } from './module-url.js'

/**
 * Names an exported function of a module. Workers import the module themselves; nothing is loaded here. A reference can also be called:
 * the call imports the module into this process, and promises what the function returns.
 *
 * @param url A URL (`file:`, `data:`, `node:`), also as a string, or an absolute path. A path relative to the calling file is
 *   `new URL('./jobs.js', import.meta.url)`.
 * @param name The export; the default export without it.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`, for anything else, relative paths included.
 * @example
 * const resize = task<typeof import('./jobs.js').resize>(new URL('./jobs.js', import.meta.url), 'resize')
 * await pool.map(resize, files)
 * await resize('photo.jpg')
 */
export function task(url: string | URL, name?: string): TaskReference
// Apart from the first: among the arguments of a method the compiler would take F from what the method asks for.
export function task<F extends AnyFunction>(url: string | URL, name?: string): TaskReference<F>
export function task(url: string | URL, name?: string): TaskReference {
  return atEntry(task, () => {
    const located = locateModule('url', url)
    if (name !== undefined && typeof name !== 'string') throw invalidOption('type', 'name', name, 'a string')
    if (name === '') throw invalidOption('range', 'name', name, 'the name of an export')
    // The type's key exists for the compiler alone: it carries the function's type.
    return makeReference(located, name === 'default' ? undefined : name) as unknown as TaskReference
  })
}

/**
 * Every exported function of a module as a reference, typed as the export. A misspelled name is a compile error, and an error of the
 * worker. An export named `then` needs {@linkcode task}, because the result may be awaited.
 *
 * @throws As {@linkcode task}.
 * @example
 * const jobs = tasks<typeof import('./jobs.js')>(new URL('./jobs.js', import.meta.url))
 * await pool.map(jobs.resize, files)
 */
export function tasks<M = Record<string, UntypedFunction>>(url: string | URL): TaskReferences<M> {
  const located = atEntry(tasks, () => locateModule('url', url))
  return makeNamespace(located) as TaskReferences<M>
}
