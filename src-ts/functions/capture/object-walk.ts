import { EventEmitter } from 'node:events'
import { types } from 'node:util'
import { elementStep, entryStep, memberStep, propertyStep, regionOf } from '../../codec/index.js'
import { Map, Object, Reflect, Set, String, Symbol } from '../../primordials.js'
import { builtInPath } from '../reference/built-ins.js'
import { constructorOf } from '../analyze/superclass.js'
import { type Bound, readBound } from './inspector.js'
import { isNativeText, sourceOf } from '../refusal/refusals.js'
import { kindOfObject, type ObjectKind, type Origin, originOf, type Refused } from './object-shape.js'

/** An object that the walk has met. */
export interface Met {
  readonly value: object
  /** undefined for an object that is looked up by its path, or is refused. */
  readonly kind: ObjectKind | undefined
  readonly refused: Refused | undefined
  readonly origin: Origin | undefined
  /** The parts of a bound function. */
  readonly bound: Bound | undefined
  readonly variable: string
  /** The place where it was met first. */
  readonly parent: Met | undefined
  readonly step: () => string
  /** The objects that refer to it. */
  readonly users: Met[]
  /** Whether cloning would lose something. */
  isSpecial: boolean
}

/** The path to an object, beginning with its variable. */
export function pathOf(met: Met): string {
  const steps: string[] = []
  for (let at: Met | undefined = met; at?.parent !== undefined; at = at.parent) steps.push(at.step())
  return met.variable + steps.toReversed().join('')
}

// Up to this length the descriptors of an array's elements are read. In longer arrays accessors are not expected.
const DESCRIBED_LENGTH = 1_000

const forEachEntry = Map.prototype.forEach
const forEachMember = Set.prototype.forEach

/** The internal entries of an object; see {@linkcode ObjectPlan.entries}. */
export function entriesOf({ kind, value, bound }: Met): readonly unknown[] {
  if (bound !== undefined) return [bound.target, bound.self, ...bound.args]
  const entries: unknown[] = []
  if (kind === 'map') forEachEntry.call(value as Map<unknown, unknown>, (entry, key) => void entries.push(key, entry))
  if (kind === 'set') forEachMember.call(value as Set<unknown>, (member) => void entries.push(member))
  return entries
}

/** The keys of the properties that have to be checked. */
export function keysOf({ kind, value }: Met): readonly (string | symbol)[] {
  if (kind === 'opaque' || kind === 'bound' || kind === undefined) return []
  const keys = Reflect.ownKeys(value)
  const ofKind = kind === 'array' ? 'length' : kind === 'copy' ? 'lastIndex' : undefined
  return ofKind === undefined ? keys : keys.filter((key) => key !== ofKind && !isNodesOwn(key))
}

let nodesOwn: ReadonlySet<string | symbol> | undefined

/** Whether a symbol is one by which Node marks event emitters. They work without it. */
function isNodesOwn(key: string | symbol): boolean {
  if (typeof key === 'string' || Symbol.keyFor(key) !== undefined) return false
  nodesOwn ??= new Set(Reflect.ownKeys(new EventEmitter()).filter((own) => typeof own === 'symbol'))
  return nodesOwn.has(key)
}

/** The properties that the engine gives to an error. Their attributes differ from those of other properties. */
const OF_ERRORS: ReadonlySet<string | symbol> = new Set(['stack', 'message', 'cause', 'errors'])

/** The descriptor of a property. The stack of an error is read as text, although newer engines have an accessor for it. */
export function describeProperty({ kind, value }: Met, key: string | symbol): PropertyDescriptor | undefined {
  const found = Object.getOwnPropertyDescriptor(value, key)
  if (kind !== 'error' || key !== 'stack' || found?.get === undefined) return found
  return { value: (value as Error).stack, writable: true, configurable: true, enumerable: false }
}

/** Called with each value that an object refers to. May throw. */
export interface WalkListener {
  onFunction(fn: object): void
  /** The objects that one variable leads to have at least this many bytes. */
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

  /** Walks an object and everything that it leads to, and decides which objects are special. */
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
    // An object that refers to one that cannot be cloned cannot be cloned either.
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
      (builtInPath(value) !== undefined || types.isModuleNamespaceObject(value) || constructorOf(value) !== undefined)
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
    if (kind === 'opaque') this.#bytes += weightOf(value)
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

/** The parts of a bound function. A built-in one is looked up by its path. */
function boundBy(fn: object): Bound | undefined {
  if (types.isProxy(fn) || !isNativeText(sourceOf(fn)) || builtInPath(fn) !== undefined) return undefined
  return readBound(fn)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** The bytes of binary data that are copied. Those of a shared array are not. */
function weightOf(value: object): number {
  const { byteLength = 0, buffer = value } = value as { readonly byteLength?: number; readonly buffer?: object }
  return regionOf(buffer as ArrayBuffer) === undefined ? byteLength : 0
}
