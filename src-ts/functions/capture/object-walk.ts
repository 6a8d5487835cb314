import { EventEmitter } from 'node:events'
import { types } from 'node:util'
import { elementStep, entryStep, memberStep, propertyStep } from '../../codec/index.js'
import { Map, Object, Reflect, Set, String, Symbol } from '../../primordials.js'
import { builtInPlace } from '../reference/built-ins.js'
import { constructorOf } from '../analyze/superclass.js'
import { type Bound, readBound } from './inspector.js'
import { isNativeText, sourceOf } from '../refusal/refusals.js'
import { kindOfObject, type ObjectKind, type Origin, originOf, type Refused } from './object-shape.js'

/** An object that was met. */
export interface Met {
  readonly value: object
  /** Undefined for what is found by its place, or is refused. */
  readonly kind: ObjectKind | undefined
  readonly refused: Refused | undefined
  readonly origin: Origin | undefined
  /** Of a bound function. */
  readonly bound: Bound | undefined
  readonly variable: string
  /** Where it was met first. */
  readonly parent: Met | undefined
  readonly step: () => string
  /** Objects that hold it. */
  readonly users: Met[]
  /** True where cloning would lose something. */
  isSpecial: boolean
}

/** The path to an object, from its variable on. */
export function pathOf(met: Met): string {
  const steps: string[] = []
  for (let at: Met | undefined = met; at?.parent !== undefined; at = at.parent) steps.push(at.step())
  return met.variable + steps.toReversed().join('')
}

// Up to here an array is looked at by the descriptors of its elements. In a longer one accessors are not expected.
const DESCRIBED_LENGTH = 1_000

const forEachEntry = Map.prototype.forEach
const forEachMember = Set.prototype.forEach

/** What an object holds beside its properties, see {@linkcode ObjectPlan.entries}. */
export function entriesOf({ kind, value, bound }: Met): readonly unknown[] {
  if (bound !== undefined) return [bound.target, bound.self, ...bound.args]
  const entries: unknown[] = []
  if (kind === 'map') forEachEntry.call(value as Map<unknown, unknown>, (entry, key) => void entries.push(key, entry))
  if (kind === 'set') forEachMember.call(value as Set<unknown>, (member) => void entries.push(member))
  return entries
}

/** The keys of the properties that have to be looked at. */
export function keysOf({ kind, value }: Met): readonly (string | symbol)[] {
  if (kind === 'opaque' || kind === 'bound' || kind === undefined) return []
  const keys = Reflect.ownKeys(value)
  const ofKind = kind === 'array' ? 'length' : kind === 'copy' ? 'lastIndex' : undefined
  return ofKind === undefined ? keys : keys.filter((key) => key !== ofKind && !isNodesOwn(key))
}

let nodesOwn: ReadonlySet<string | symbol> | undefined

/** True for a symbol by which Node marks event emitters: they do without. */
function isNodesOwn(key: string | symbol): boolean {
  if (typeof key === 'string' || Symbol.keyFor(key) !== undefined) return false
  nodesOwn ??= new Set(Reflect.ownKeys(new EventEmitter()).filter((own) => typeof own === 'symbol'))
  return nodesOwn.has(key)
}

/** What an error has of the engine: its attributes are not those of other properties. */
const OF_ERRORS: ReadonlySet<string | symbol> = new Set(['stack', 'message', 'cause', 'errors'])

/** A property's descriptor: the stack of an error, which newer engines keep behind an accessor, as the text that it is. */
export function describeProperty({ kind, value }: Met, key: string | symbol): PropertyDescriptor | undefined {
  const found = Object.getOwnPropertyDescriptor(value, key)
  if (kind !== 'error' || key !== 'stack' || found?.get === undefined) return found
  return { value: (value as Error).stack, writable: true, configurable: true, enumerable: false }
}

/** Is told of what objects hold, and may throw. */
export interface WalkListener {
  onFunction(fn: object): void
  /** The objects from one variable on take this many bytes at the least. */
  onWeight(bytes: number): void
}

/** Walks through objects. */
export class ObjectWalk {
  readonly #met = new Map<object, Met>()
  readonly #listener: WalkListener
  #bytes = 0

  constructor(listener: WalkListener) {
    this.#listener = listener
  }

  get(value: object): Met | undefined {
    return this.#met.get(value)
  }

  /** Meets an object and everything that it leads to, and decides which of it is special. */
  walk(root: object, variable: string): Met {
    const known = this.#met.get(root)
    if (known !== undefined) return known
    this.#bytes = 0
    const first = this.#meet(root, variable, undefined, () => '')
    const left = [first]
    const special: Met[] = []
    for (let met = left.pop(); met !== undefined; met = left.pop()) {
      this.#look(met, left)
      if (met.isSpecial) special.push(met)
      this.#listener.onWeight(this.#bytes)
    }
    // Who holds what cannot be cloned cannot be cloned either.
    for (let met = special.pop(); met !== undefined; met = special.pop()) {
      for (const user of met.users) {
        if (!user.isSpecial) special.push(user)
        user.isSpecial = true
      }
    }
    return first
  }

  #meet(value: object, variable: string, parent: Met | undefined, step: () => string, bound?: Bound): Met {
    const isProxy = types.isProxy(value)
    const isLeaf =
      !isProxy &&
      bound === undefined &&
      (builtInPlace(value) !== undefined || types.isModuleNamespaceObject(value) || constructorOf(value) !== undefined)
    const found = isLeaf ? undefined : kindOfObject(value)
    const refused = typeof found === 'object' ? found : undefined
    const kind = typeof found === 'string' ? found : undefined
    const prototype: unknown = kind === undefined ? undefined : Object.getPrototypeOf(value)
    const origin = kind === undefined || !isObject(prototype) ? undefined : originOf(kind, prototype)
    const isSpecial =
      kind === undefined ||
      kind === 'bound' ||
      origin !== 'standard' ||
      (kind !== 'opaque' && !Object.isExtensible(value))
    const met: Met = { value, kind, refused, origin, bound, variable, parent, step, users: [], isSpecial }
    this.#met.set(value, met)
    return met
  }

  #look(met: Met, left: Met[]): void {
    const { kind, value, origin } = met
    const add = (child: unknown, step: () => string): boolean => {
      if (typeof child === 'string') this.#bytes += child.length
      if (typeof child === 'symbol') return true
      if (typeof child === 'function') this.#listener.onFunction(child)
      if (!isObject(child) && typeof child !== 'function') return false
      let found = this.#met.get(child)
      if (found === undefined) {
        const bound = typeof child === 'function' ? boundBy(child) : undefined
        if (typeof child === 'function' && bound === undefined) return true
        found = this.#meet(child, met.variable, met, step, bound)
        left.push(found)
      }
      found.users.push(met)
      return found.isSpecial
    }
    let isSpecial = met.isSpecial
    if (origin === 'object') {
      const prototype = Object.getPrototypeOf(value) as object
      add(prototype, () => '.__proto__')
    }
    if (kind === 'opaque') this.#bytes += (value as { readonly byteLength?: number }).byteLength ?? 0
    const entries = entriesOf(met)
    this.#bytes += entries.length
    entries.forEach((entry, at) => {
      const step = (): string => (kind === 'map' ? entryStep(entries, at) : memberStep(at))
      isSpecial = add(entry, step) || isSpecial
    })
    if (kind === 'array' && (value as unknown[]).length > DESCRIBED_LENGTH) {
      const array = value as readonly unknown[]
      this.#bytes += array.length
      for (let at = 0; at < array.length; at++) {
        const element = array[at]
        if (typeof element === 'number' || element === undefined) continue
        isSpecial = add(element, () => elementStep(at)) || isSpecial
      }
    } else {
      for (const key of keysOf(met)) isSpecial = this.#lookAt(met, key, add) || isSpecial
    }
    met.isSpecial = isSpecial
  }

  #lookAt(met: Met, key: string | symbol, add: (child: unknown, step: () => string) => boolean): boolean {
    const descriptor = describeProperty(met, key)
    if (descriptor === undefined) return false
    this.#bytes += 1 + (typeof key === 'string' ? key.length : 0)
    const step = (): string => stepOf(met, key)
    const { get, set, enumerable, writable, configurable } = descriptor
    if (get !== undefined || set !== undefined) {
      add(get, step)
      add(set, step)
      return true
    }
    const isOrdinary = enumerable === true && writable === true && configurable === true && typeof key === 'string'
    return add(descriptor.value, step) || !(isOrdinary || (met.kind === 'error' && OF_ERRORS.has(key)))
  }
}

/** The step of a path from an object to its property. */
export function stepOf({ kind }: Met, key: string | symbol): string {
  if (typeof key === 'symbol') return `[${String(key)}]`
  return kind === 'array' && /^\d+$/.test(key) ? elementStep(key) : propertyStep(key)
}

/** What a bound function is made of. Those that the platform has at a place of its own go by that. */
function boundBy(fn: object): Bound | undefined {
  if (types.isProxy(fn) || !isNativeText(sourceOf(fn)) || builtInPlace(fn) !== undefined) return undefined
  return readBound(fn)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
