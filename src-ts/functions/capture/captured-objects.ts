import type { TaskFunctionError } from '../../errors/index.js'
import { Map, Object, Set, Symbol } from '../../primordials.js'
import { largestBytes } from '../refusal/largest.js'
import { tooHeavy, unshippableAt } from '../refusal/messages.js'
import type { CapturedData, ObjectPlan, PlannedProperty, Slot } from '../ship/graph.js'
import { integrityOf, isKeptByCodec, planProperty } from './object-plan.js'
import { describeProperty, entriesOf, keysOf, type Met, ObjectWalk, pathOf, stepOf } from './object-walk.js'
import { privateNameOf } from '../analyze/private-names.js'

/** The place where a value was found, for messages. */
export interface Where {
  readonly variable: string
  readonly path: string
  /** How messages call the function that uses the variable. */
  readonly called: string
}

/** Decides how a function, a module or a built-in is sent. */
export type Decide = (value: object, where: Where) => Slot

/** A function that leads to more objects, and functions in them, uses a library. */
const MOST = 10_000

/** What the engine itself calls `Symbol.iterator` and the like. */
const OF_LANGUAGE = new Map<symbol, string>(
  Object.entries(Object.getOwnPropertyDescriptors(Symbol)).flatMap(([name, { value }]) =>
    typeof value === 'symbol' ? [[value, name] as const] : []
  )
)

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** Decides how captured objects are sent: by the codec if it keeps them unchanged, otherwise piece by piece. */
export class CapturedObjects {
  readonly data: CapturedData[] = []
  readonly plans: ObjectPlan[] = []
  readonly #numbers = new Map<object, number>()
  readonly #symbols = new Map<symbol, Slot>()
  readonly #functions = new Set<object>()
  readonly #decide: Decide
  readonly #tooMuch: (most: string) => TaskFunctionError
  #called = ''
  #variable = ''
  #ownSymbols = 0
  readonly #walk = new ObjectWalk({
    onFunction: (fn) => {
      this.#functions.add(fn)
      this.#checkSize()
    },
    onWeight: (bytes) => {
      if (bytes > largestBytes()) throw tooHeavy(this.#called, this.#variable)
    }
  })

  /** @param tooMuch Makes the error for too many objects. */
  constructor(decide: Decide, tooMuch: (most: string) => TaskFunctionError) {
    this.#decide = decide
    this.#tooMuch = tooMuch
  }

  /** @throws TaskFunctionError for an object that cannot be sent */
  of(value: object, { variable, called }: Where): Slot {
    this.#called = called
    this.#variable = variable
    const first = this.#walk.walk(value, variable)
    const from = this.plans.length
    const left: Met[] = []
    const slot = this.#slotOf(first, left)
    // A queue instead of recursion, because objects may refer to each other in chains of any length.
    for (let met = left[0], at = 0; met !== undefined; met = left[++at]) {
      this.plans[from + at] = this.#plan(met, left)
      this.#checkSize()
    }
    return slot
  }

  /** A primitive, which needs no walk. */
  primitive(value: unknown, variable: string, path: string): Slot {
    if (typeof value === 'symbol') return this.#symbol(value)
    return { t: 'data', at: this.data.push({ variable, path, value }) - 1 }
  }

  #checkSize(): void {
    if (this.#functions.size + this.plans.length > MOST) throw this.#tooMuch(`${MOST} objects and functions`)
  }

  #slotOf(met: Met, left: Met[]): Slot {
    const { value, kind, refused, variable } = met
    if (refused !== undefined) {
      throw unshippableAt(this.#called, variable, pathOf(met), refused.what, refused.instead)
    }
    if (kind === undefined) return this.#decide(value, { variable, path: pathOf(met), called: this.#called })
    if (!met.isSpecial) return this.#data(met)
    let at = this.#numbers.get(value)
    if (at === undefined) {
      at = this.#numbers.size
      this.#numbers.set(value, at)
      left.push(met)
    }
    return { t: 'object', at }
  }

  #data(met: Met): Slot {
    const { value, variable } = met
    const captured: CapturedData = {
      variable,
      value,
      get path() {
        return pathOf(met)
      }
    }
    return { t: 'data', at: this.data.push(captured) - 1 }
  }

  #plan(met: Met, left: Met[]): ObjectPlan {
    const { kind, value } = met
    const slotOf = (child: unknown, step: () => string): Slot => {
      const known = isObject(child) ? this.#walk.get(child) : undefined
      if (typeof child === 'function' && known === undefined) {
        return this.#decide(child, { variable: met.variable, path: pathOf(met) + step(), called: this.#called })
      }
      return known === undefined ? this.primitive(child, met.variable, met.variable) : this.#slotOf(known, left)
    }
    const prototype = this.#prototype(met, slotOf)
    const integrity = integrityOf(met)
    const rest = {
      ...(prototype === undefined ? {} : { prototype }),
      ...(integrity === undefined ? {} : { integrity })
    }
    if (
      kind === undefined ||
      kind === 'opaque' ||
      isKeptByCodec(met, integrity, (child) => this.#walk.get(child)?.isSpecial === true)
    ) {
      return { kind: 'copy', copy: this.#data(met), entries: [], properties: [], ...rest }
    }
    const array = kind === 'array' ? { length: (value as unknown[]).length } : {}
    const copy = kind === 'copy' ? { copy: this.#data(met) } : {}
    return {
      kind,
      ...array,
      ...copy,
      ...rest,
      entries: entriesOf(met).map((entry) => slotOf(entry, () => '')),
      properties: keysOf(met).flatMap((key) => this.#property(met, key, slotOf) ?? [])
    }
  }

  #property(
    met: Met,
    key: string | symbol,
    slotOf: (child: unknown, step: () => string) => Slot
  ): PlannedProperty | undefined {
    const descriptor = describeProperty(met, key)
    if (descriptor === undefined) return undefined
    const step = (): string => stepOf(met, key)
    const name = typeof key === 'string' ? key : this.#symbol(key)
    return { key: name, ...planProperty(descriptor, (value) => slotOf(value, step)) }
  }

  #prototype(met: Met, slotOf: (child: unknown, step: () => string) => Slot): Slot | undefined {
    const { origin, value } = met
    if (origin === 'standard' || met.kind === 'bound') return undefined
    const prototype = Object.getPrototypeOf(value) as object | null
    if (origin === undefined || origin === 'object') return slotOf(prototype, () => '.__proto__')
    this.#checkPrivate(met)
    const slot = slotOf(origin.constructor, () => '.constructor')
    return { t: 'prototype', of: slot }
  }

  #checkPrivate(met: Met): void {
    const found = privateNameOf(met.value)
    if (found === undefined) return
    const { className, name } = found
    throw unshippableAt(
      this.#called,
      met.variable,
      pathOf(met),
      `an instance of ${className}, whose private ${name} cannot be copied`,
      'make it inside the function'
    )
  }

  #symbol(symbol: symbol): Slot {
    const known = this.#symbols.get(symbol)
    if (known !== undefined) return known
    const registered = Symbol.keyFor(symbol)
    const key = registered ?? OF_LANGUAGE.get(symbol)
    const slot: Slot =
      key === undefined
        ? { t: 'own symbol', at: this.#ownSymbols++, description: symbol.description }
        : { t: 'symbol', key, isRegistered: registered !== undefined }
    this.#symbols.set(symbol, slot)
    return slot
  }
}

/** Whether the codec still keeps these objects unchanged. They may have got functions since the last check. */
export function areStillData(data: readonly CapturedData[]): boolean {
  const walk = new ObjectWalk({ onFunction: () => undefined, onWeight: () => undefined })
  return data.every(
    ({ value, variable }) => typeof value !== 'object' || value === null || !walk.walk(value, variable).isSpecial
  )
}
