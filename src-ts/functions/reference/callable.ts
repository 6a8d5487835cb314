import { Caller } from '../../errors/index.js'
import { loadCallable, type TaskCallable } from '../instantiate/load-module.js'
import { Map, Object, Proxy, Reflect, Symbol, WeakMap, globalObject } from '../../primordials.js'

/** What a reference stands for. */
export interface ReferencePlace {
  /** A complete URL: `file:`, `data:` or `node:`. */
  readonly url: string
  /** The export; absent for the default one. */
  readonly name: string | undefined
  /** Set for what `tasks()` makes: references to all exports. */
  readonly isNamespace: boolean
}

type Reference = (...args: unknown[]) => Promise<unknown>

/** Shared by all copies of this code: a worker's bundle makes references that tasks give to pools of the package. */
const KEY = Symbol.for('millrace.references')

// Only what is made here passes for a reference: data that looks like one does not.
const places = sharedPlaces()

function sharedPlaces(): WeakMap<object, ReferencePlace> {
  const known = Reflect.get(globalObject, KEY) as WeakMap<object, ReferencePlace> | undefined
  const value = known ?? new WeakMap<object, ReferencePlace>()
  if (known === undefined) Object.defineProperty(globalObject, KEY, { value, enumerable: false })
  return value
}

/** What stands behind a reference, or behind all references to the exports of a module; undefined for any other value. */
export function referencePlace(value: unknown): ReferencePlace | undefined {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? places.get(value) : undefined
}

/**
 * Makes the reference to an export. A call imports the module into this process, and promises what the export returns.
 *
 * @param name Absent for the default export.
 */
export function makeReference(url: string, name: string | undefined): Reference {
  let loaded: TaskCallable | undefined
  const reference: Reference = (...args) => {
    return loaded === undefined ? loadAndRun(args, new Caller(reference)) : run(loaded, args)
  }
  async function loadAndRun(args: readonly unknown[], caller: Caller): Promise<unknown> {
    let callable: TaskCallable
    try {
      callable = await loadCallable({ kind: 'module', url, name })
    } catch (error) {
      throw caller.withStack(error)
    }
    loaded = callable
    return run(callable, args)
  }
  Object.defineProperty(reference, 'name', { value: name ?? 'default' })
  places.set(reference, { url, name, isNamespace: false })
  return Object.freeze(reference)
}

async function run({ call }: TaskCallable, args: readonly unknown[]): Promise<unknown> {
  return call(...args)
}

/** Makes an object that has a reference for each name that it is asked for, save `then`: it may be awaited. */
export function makeNamespace(url: string): object {
  const made = new Map<string, Reference>()
  const namespace: object = new Proxy(Object.freeze(Object.create(null) as object), {
    get(_target, key): Reference | undefined {
      if (typeof key !== 'string' || key === 'then') return undefined
      let reference = made.get(key)
      if (reference === undefined) {
        reference = makeReference(url, key === 'default' ? undefined : key)
        made.set(key, reference)
      }
      return reference
    }
  })
  places.set(namespace, { url, name: undefined, isNamespace: true })
  return namespace
}
