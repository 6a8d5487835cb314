import { types } from 'node:util'
import { Array, ArrayBuffer, Object, Reflect } from '../primordials.js'
import { type Anatomy, anatomyOf } from './anatomy.js'
import { builtInPlace } from './built-ins.js'
import { describeFunction } from './described.js'
import { unsendable, unshippable } from './describe.js'
import { commonJsOf, exportOf } from './exports.js'
import type { Freshness } from './freshness.js'
import type { CapturedData, Slot } from './graph.js'
import { hasFunction, hasOnlyGetters, isModuleLike } from './module-like.js'
import { callName, isNativeText, sourceOf } from './refusals.js'
import { requireSlot } from './requires.js'
import { type Site, visit } from './site.js'

/** True for what is no module, and may have millions of elements, of which each is a property. */
function isElements(value: object): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)
}

/** Takes in a function that has to travel by value, and tells its number. */
export type Enqueue = (fn: object, anatomy: Anatomy, site: Site | undefined) => number

/** Decides how values travel. */
export class Slots {
  readonly data: CapturedData[] = []
  readonly #numbers: ReadonlyMap<object, number>
  readonly #enqueue: Enqueue
  readonly #freshness: Freshness

  /** @param numbers The functions that were taken in. */
  constructor(numbers: ReadonlyMap<object, number>, enqueue: Enqueue, freshness: Freshness) {
    this.#numbers = numbers
    this.#enqueue = enqueue
    this.#freshness = freshness
  }

  /**
   * @param called How messages call the function that uses the value.
   * @param members The members of the value that are used, if there are no other uses.
   * @throws TaskFunctionError for what cannot travel.
   */
  of(name: string, value: unknown, called: string, members?: readonly string[]): Slot {
    if (typeof value === 'symbol') throw unshippable(called, name, 'a symbol', 'make it inside of the function')
    if (typeof value === 'function') return this.#ofFunction(name, value, called)
    if (typeof value === 'object' && value !== null) {
      const place = types.isProxy(value) ? undefined : builtInPlace(value)
      if (place !== undefined) return place
      if (!isElements(value) && isModuleLike(name, value)) return this.#ofModule(name, value, called, members)
      const refusal = unsendable(value)
      if (refusal !== undefined) throw unshippable(called, name, ...refusal)
      const path = members === undefined || !hasFunction(value, members) ? undefined : commonJsOf(value)
      if (path !== undefined) return { t: 'file', path }
    }
    return { t: 'data', at: this.data.push({ name, value }) - 1 }
  }

  /** A module as transpilers and test runners hold it: what is used of it travels on its own. */
  #ofModule(name: string, value: object, called: string, members: readonly string[] | undefined): Slot {
    if (members === undefined && !hasOnlyGetters(value)) {
      const path = types.isProxy(value) ? undefined : commonJsOf(value)
      if (path !== undefined) return { t: 'file', path }
      throw unshippable(called, name, 'a module', 'use its members by their names, as in module.member')
    }
    const of: Record<string, Slot> = {}
    for (const key of members ?? Object.keys(value)) {
      const member: unknown = Reflect.get(value, key)
      // `path_1.default.basename`
      const isNested = typeof member === 'object' && member !== null && builtInPlace(member) === undefined
      const path = isNested ? commonJsOf(member) : undefined
      of[key] = path === undefined ? this.of(`${name}.${key}`, member, called) : { t: 'file', path }
      if (of[key].t === 'data') this.#freshness.limitToCall()
    }
    return { t: 'members', of }
  }

  #ofFunction(name: string, fn: object, called: string): Slot {
    const known = this.#numbers.get(fn)
    if (known !== undefined) return { t: 'fn', at: known }
    if (types.isProxy(fn)) throw unshippable(called, name, 'a Proxy of a function', 'capture the function itself')
    // Node writes many of its functions in JavaScript: what they capture is not to be had.
    const place = builtInPlace(fn)
    if (place !== undefined) return place
    const required = requireSlot(fn)
    if (required !== undefined) return required
    const text = sourceOf(fn)
    if (isNativeText(text)) {
      throw unshippable(called, name, 'a function that is native or bound', 'write a function that calls it')
    }
    const anatomy = anatomyOf(describeFunction(fn, text))
    const site = visit(fn, callName(anatomy.name))
    if (site?.url?.startsWith('node:') === true) {
      const what = `a function of Node's own that no module exports`
      throw unshippable(called, name, what, 'write a function that calls it')
    }
    const script = site?.script
    const exported = script === undefined ? undefined : exportOf(fn, script, this.#freshness)
    if (exported !== undefined) return { t: 'export', ...exported }
    return { t: 'fn', at: this.#enqueue(fn, anatomy, site) }
  }
}
