import { types } from 'node:util'
import type { TaskFunctionError } from '../../errors/index.js'
import { Array, Object, Reflect, isView } from '../../primordials.js'
import { type FunctionAnalysis, analyze } from './analysis.js'
import { builtInPath } from '../reference/built-ins.js'
import { describeFunction } from '../analyze/function-text.js'
import { CapturedObjects, type Where } from './captured-objects.js'
import { unshippable, unshippableAt } from '../refusal/messages.js'
import { referencePlace } from '../reference/callable.js'
import { commonJsOf, exportOf } from '../reference/exports.js'
import type { Cacheability } from './cacheability.js'
import type { CapturedData, ObjectPlan, Slot } from '../ship/graph.js'
import { constructorOf } from '../analyze/superclass.js'
import { isLoadable } from '../reference/loadable.js'
import { hasFunction, hasOnlyGetters, isModuleLike } from '../reference/module-like.js'
import { callName, isNativeText, sourceOf } from '../refusal/refusals.js'
import { requireSlot } from '../reference/requires.js'
import { type FunctionLocation, locateFunction } from './function-location.js'

/** Whether a value is not a module, and may have millions of elements that are properties. */
function isElements(value: object): boolean {
  return Array.isArray(value) || isView(value) || types.isAnyArrayBuffer(value)
}

/** Adds a function that has to be sent by value, and returns its number. */
export type Enqueue = (fn: object, analysis: FunctionAnalysis, location: FunctionLocation | undefined) => number

/** Decides how values are sent. */
export class Slots {
  readonly #objects: CapturedObjects
  readonly #numbers: ReadonlyMap<object, number>
  readonly #enqueue: Enqueue
  readonly #cacheability: Cacheability

  /**
   * @param numbers The functions that were added, and their numbers.
   * @param tooMuch Makes the error for too many functions or objects.
   */
  constructor(
    numbers: ReadonlyMap<object, number>,
    enqueue: Enqueue,
    cacheability: Cacheability,
    tooMuch: (most: string) => TaskFunctionError
  ) {
    this.#objects = new CapturedObjects((value, where) => this.#decide(value, where), tooMuch)
    this.#numbers = numbers
    this.#enqueue = enqueue
    this.#cacheability = cacheability
  }

  get data(): readonly CapturedData[] {
    return this.#objects.data
  }

  /** The objects that are made piece by piece. */
  get objects(): readonly ObjectPlan[] {
    return this.#objects.plans
  }

  /**
   * @param called How messages call the function that uses the value.
   * @param members The members of the value that are used, if there are no other uses.
   * @throws TaskFunctionError for a value that cannot be sent
   */
  of(name: string, value: unknown, called: string, members?: readonly string[]): Slot {
    const where = { variable: name, path: name, called }
    const reference = referencePlace(value)
    if (reference !== undefined) return { t: 'reference', ...reference }
    if (typeof value === 'function') return this.#ofFunction(value, where)
    if (typeof value !== 'object' || value === null) return this.#objects.primitive(value, name, name)
    const isUnder = !types.isProxy(value) && !isElements(value)
    const builtIn = isUnder ? builtInPath(value) : undefined
    if (builtIn !== undefined) return builtIn
    if ((isUnder || types.isProxy(value)) && isModuleLike(name, value))
      return this.#ofModule(name, value, called, members)
    const path = !isUnder || members === undefined || !hasFunction(value, members) ? undefined : commonJsOf(value)
    return path === undefined ? this.#objects.of(value, where) : { t: 'file', path }
  }

  /** A function, a module or a built-in that an object refers to. */
  readonly #decide = (value: object, where: Where): Slot => {
    if (typeof value === 'function') return this.#ofFunction(value, where)
    const builtIn = builtInPath(value)
    if (builtIn !== undefined) return builtIn
    if (types.isModuleNamespaceObject(value)) return this.#ofModule(where.path, value, where.called, undefined)
    const owner = constructorOf(value)
    if (owner === undefined)
      throw unshippableAt(where.called, where.variable, where.path, 'a host object', 'make it inside the function')
    return { t: 'prototype', of: this.#ofFunction(owner, where) }
  }

  /** A module in the form of transpilers and test runners. The members that are used are sent one by one. */
  #ofModule(name: string, value: object, called: string, members: readonly string[] | undefined): Slot {
    const whole = types.isProxy(value) ? undefined : commonJsOf(value)
    // If one of its functions changes a member, code that reads the member must see the change.
    if (whole !== undefined && members !== undefined && isLoadable(whole) && hasFunction(value, members)) {
      return { t: 'file', path: whole }
    }
    if (members === undefined && !hasOnlyGetters(value)) {
      if (whole !== undefined) return { t: 'file', path: whole }
      throw unshippable(called, name, 'a module', 'use its members by their names, as in module.member')
    }
    const of: Record<string, Slot> = {}
    for (const key of members ?? Object.keys(value)) {
      const member: unknown = Reflect.get(value, key)
      // `path_1.default.basename`
      const isNested = typeof member === 'object' && member !== null && builtInPath(member) === undefined
      const path = isNested ? commonJsOf(member) : undefined
      of[key] = path === undefined ? this.of(`${name}.${key}`, member, called) : { t: 'file', path }
      if (of[key].t === 'data' || of[key].t === 'object') this.#cacheability.limitToCall()
    }
    return { t: 'members', of }
  }

  #ofFunction(fn: object, { variable, path, called }: Where): Slot {
    const known = this.#numbers.get(fn)
    if (known !== undefined) return { t: 'fn', at: known }
    const reference = referencePlace(fn)
    if (reference !== undefined) return { t: 'reference', ...reference }
    const refuse = (what: string, instead: string): TaskFunctionError =>
      unshippableAt(called, variable, path, what, instead)
    if (types.isProxy(fn)) throw refuse('a Proxy of a function', 'capture the function itself')
    // Node writes many of its functions in JavaScript, and the variables that they capture cannot be read.
    const builtIn = builtInPath(fn)
    if (builtIn !== undefined) return builtIn
    const required = requireSlot(fn)
    if (required !== undefined) return required
    const text = sourceOf(fn)
    if (isNativeText(text)) throw refuse('a native or bound function', 'write a function that calls it')
    const analysis = analyze(describeFunction(fn, text))
    const location = locateFunction(fn, callName(analysis.name))
    if (location?.url?.startsWith('node:') === true) {
      throw refuse(`a function of Node's own that no module exports`, 'write a function that calls it')
    }
    const script = location?.script
    const exported = script === undefined ? undefined : exportOf(fn, script, this.#cacheability)
    if (exported !== undefined) return { t: 'export', ...exported }
    return { t: 'fn', at: this.#enqueue(fn, analysis, location) }
  }
}
