import { Error, Function, Map, Object, Reflect, Set } from '../../primordials.js'
import type { ObjectPlan, PlannedProperty, Slot } from '../ship/graph.js'

/** Returns the value of a slot, once everything that it needs was made. */
export interface Values {
  isReady(slot: Slot): boolean
  get(slot: Slot): unknown
}

function bareError(): object {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const error = new Error()
  Error.stackTraceLimit = stackTraceLimit
  for (const key of Reflect.ownKeys(error)) Reflect.deleteProperty(error, key)
  return error
}

function bare({ kind, copy, length = 0 }: ObjectPlan, values: Values): object | undefined {
  switch (kind) {
    case 'object':
      return {}
    case 'array': {
      const array: unknown[] = []
      array.length = length
      return array
    }
    case 'map':
      return new Map()
    case 'set':
      return new Set()
    case 'error':
      return bareError()
    case 'copy':
      return values.get(copy ?? NOTHING) as object
    case 'bound':
      return undefined
  }
}

const NOTHING: Slot = { t: 'members', of: {} }
const { bind } = Function.prototype
const { set: addEntry } = Map.prototype
const { add: addMember } = Set.prototype
const PROTECT: Readonly<Record<'frozen' | 'sealed' | 'fixed', (object: object) => unknown>> = {
  frozen: Object.freeze,
  sealed: Object.seal,
  fixed: Object.preventExtensions
}

/** Makes the objects of a graph. They are empty first, and are filled as the functions and classes that they refer to are made. */
export class MadeObjects {
  readonly #plans: readonly ObjectPlan[]
  readonly #all: (object | undefined)[]
  readonly #values: Values
  #left: (() => boolean)[] = []
  #protect: (() => void)[] = []

  constructor(plans: readonly ObjectPlan[], values: Values) {
    this.#values = values
    this.#plans = plans
    this.#all = plans.map((plan) => bare(plan, values))
    plans.forEach((plan, at) => {
      const object = this.#all[at]
      if (object !== undefined) this.#plan(plan, object)
    })
  }

  /** A bound function has to wait for the function that it calls. Everything else exists from the beginning. */
  isReady(at: number): boolean {
    return this.#all[at] !== undefined || this.#plans[at]?.entries.every((slot) => this.#values.isReady(slot)) === true
  }

  get(at: number): unknown {
    return (this.#all[at] ??= this.#bind(this.#plans[at]?.entries ?? []))
  }

  #bind(entries: readonly Slot[]): object {
    const [target, self, ...args] = entries.map((slot) => this.#values.get(slot))
    return Reflect.apply(bind, target, [self, ...args]) as object
  }

  /** Sets the properties that have become ready. */
  fill(): void {
    this.#left = this.#left.filter((step) => !step())
  }

  /** Everything is ready. Objects that were frozen are frozen again. */
  finish(): void {
    this.fill()
    for (const protect of this.#protect) protect()
    this.#protect = []
  }

  #plan({ kind, prototype, entries, properties, integrity }: ObjectPlan, object: object): void {
    if (prototype !== undefined) {
      this.#when([prototype], () => void Object.setPrototypeOf(object, this.#values.get(prototype) as object | null))
    }
    if (entries.length > 0) {
      // All at once, so that their order stays.
      this.#when(entries, () => this.#addEntries(kind, object, entries))
    }
    for (const property of properties) this.#addProperty(object, property)
    if (integrity !== undefined) this.#protect.push(() => void PROTECT[integrity](object))
  }

  #when(slots: readonly (Slot | undefined)[], act: () => void): void {
    this.#left.push(() => {
      if (!slots.every((slot) => slot === undefined || this.#values.isReady(slot))) return false
      act()
      return true
    })
  }

  #addEntries(kind: ObjectPlan['kind'], object: object, entries: readonly Slot[]): void {
    const made = entries.map((slot) => this.#values.get(slot))
    if (kind === 'set') for (const member of made) addMember.call(object as Set<unknown>, member)
    else
      for (let at = 0; at < made.length; at += 2) addEntry.call(object as Map<unknown, unknown>, made[at], made[at + 1])
  }

  #addProperty(
    object: object,
    { key, value, get, set, isEnumerable, isConfigurable, isWritable }: PlannedProperty
  ): void {
    const name = typeof key === 'string' ? key : (this.#values.get(key) as symbol)
    // Reserves the position among the other properties, so that their order stays.
    Object.defineProperty(object, name, { value: undefined, enumerable: true, configurable: true, writable: true })
    const shared = { enumerable: isEnumerable, configurable: isConfigurable }
    this.#when([value, get, set], () => {
      const accessors = {
        ...(get === undefined ? {} : { get: this.#values.get(get) as () => unknown }),
        ...(set === undefined ? {} : { set: this.#values.get(set) as (value: unknown) => void })
      }
      const content = value === undefined ? accessors : { value: this.#values.get(value), writable: isWritable }
      Object.defineProperty(object, name, { ...shared, ...content })
    })
  }
}

/** Every slot of the objects. */
export function slotsOf(plans: readonly ObjectPlan[]): readonly Slot[] {
  const of = ({ value, get, set }: PlannedProperty): readonly (Slot | undefined)[] => [value, get, set]
  const slots = plans.flatMap(({ prototype, entries, properties }) => [
    prototype,
    ...entries,
    ...properties.flatMap(of)
  ])
  return slots.filter((slot) => slot !== undefined)
}
