import type { TaskFunctionError } from '../../errors/index.js'
import { Function, Map, Object, Set } from '../../primordials.js'
import { addedProperties } from './added.js'
import type { FunctionAnalysis } from './analysis.js'
import { ledTo, indistinguishable, tooMuch } from '../refusal/messages.js'
import { Effort } from './effort.js'
import type { Cacheability } from './cacheability.js'
import type { Added, Graph, ClosureNode, Slot, Variable } from '../ship/graph.js'
import { prototypeOwner } from '../analyze/superclass.js'
import { hasInspector } from './inspector.js'
import { withLiveNames } from '../analyze/live-text.js'
import { planProperty } from './object-plan.js'
import { sourceLocationOf } from '../stacks/location.js'
import { callName, isNativeText, sourceOf } from '../refusal/refusals.js'
import { ScopeTable } from '../analyze/scope-table.js'
import { type FunctionLocation, locateFunction } from './function-location.js'
import { Slots } from './slots.js'
import { checkSpecifiers } from '../reference/specifiers.js'
import { type User, Variables } from './variables.js'

/** Values for free names of a function, from the option `context`. */
export type GivenNames = Readonly<Record<string, unknown>>

interface Work {
  readonly at: number
  readonly analysis: FunctionAnalysis
  readonly fn: object
  /** The location of the function, once it was looked up. */
  readonly location: FunctionLocation | undefined
  /** The variable of the first function that leads to this one. */
  readonly via: string
}

/** The base URL of a script that has no location for relative imports. */
const NO_BASE = ''

/** Walks from a function to everything that has to be sent with it. */
export class Capture {
  readonly #given: GivenNames
  readonly #members: ClosureNode[] = []
  readonly #scopes = new ScopeTable()
  readonly #numbers = new Map<object, number>()
  readonly #work: Work[] = []
  readonly #cacheability: Cacheability
  readonly #effort = new Effort()
  #via = ''
  readonly #slots: Slots
  readonly #variables: Variables
  /** The functions by their locations. */
  readonly #places = new Map<string, User & { readonly scope: number }>()

  constructor(given: GivenNames | undefined, cacheability: Cacheability) {
    this.#given = given ?? {}
    this.#cacheability = cacheability
    if (given !== undefined) this.#cacheability.limitToCall()
    this.#slots = new Slots(this.#numbers, this.#enqueue, cacheability, (most) => this.#tooMuch(most))
    this.#variables = new Variables(this.#scopes, this.#slots, cacheability)
  }

  /** @throws TaskFunctionError for a function or value that cannot be sent */
  run(fn: object, analysis: FunctionAnalysis, location: FunctionLocation | undefined): Graph {
    this.#enqueue(fn, analysis, location)
    // A queue instead of recursion, because functions may use each other in chains of any length.
    for (let next = this.#work[0], at = 0; next !== undefined; next = this.#work[++at]) {
      try {
        this.#addMember(next)
      } catch (error) {
        throw this.#via === next.analysis.name ? error : ledTo(analysis.name, this.#via, error)
      }
    }
    const { data, objects } = this.#slots
    return {
      members: this.#members,
      scopes: this.#scopes.bound(),
      data,
      objects,
      cacheability: this.#cacheability.level
    }
  }

  readonly #enqueue = (fn: object, analysis: FunctionAnalysis, location: FunctionLocation | undefined): number => {
    const at = this.#numbers.size
    this.#numbers.set(fn, at)
    const excess = this.#effort.excess(at, analysis)
    if (excess !== undefined) throw this.#tooMuch(excess)
    this.#work.push({ at, analysis: location?.complete(analysis) ?? analysis, fn, location, via: this.#via })
    return at
  }

  #tooMuch(most: string): TaskFunctionError {
    return tooMuch(this.#work[0]?.analysis.name, this.#via, most)
  }

  #addMember({ at, analysis, fn, location: known, via }: Work): void {
    const begin = (name: string): void => void (this.#via = at === 0 ? name : via)
    begin(analysis.name ?? '')
    const called = callName(analysis.name)
    const isGiven = (name: string): boolean => at === 0 && Object.hasOwn(this.#given, name)
    const needsPlace =
      analysis.usesMeta || analysis.specifiers.length > 0 || analysis.captured.some((name) => !isGiven(name))
    const wantsPlace = needsPlace || (analysis.importsAny && hasInspector())
    const location = known ?? (wantsPlace ? locateFunction(fn, called) : undefined)
    const user: User = { fn, analysis, called, location }
    const isUsed = [...analysis.captured, ...analysis.globals]
    const givenNames = isUsed.filter(isGiven)
    // The program may still declare a variable with the name of a global.
    const isOfProgram = (name: string): boolean => location?.declares(name) === true
    const names = isUsed.filter((name) => !isGiven(name) && (analysis.captured.includes(name) || isOfProgram(name)))
    const base = location === undefined || !wantsPlace ? NO_BASE : (location.script?.base ?? NO_BASE)
    if (base === NO_BASE) checkSpecifiers(analysis.specifiers, called)
    const outer = location === undefined ? -1 : this.#scopes.open(location.surroundings)
    const variables: Variable[] = givenNames.map((name) => {
      begin(name)
      return { name, slot: this.#slots.of(name, this.#given[name], called) }
    })
    const live = new Map<string, Slot>()
    for (const name of names) {
      begin(name)
      const read = this.#variables.liveImport(name, user, outer)
      if (read !== undefined) {
        live.set(name, read)
        continue
      }
      if (this.#variables.bind(name, user, outer)) continue
      const slot = this.#variables.outside(name, user)
      if (slot !== undefined) variables.push({ name, slot })
    }
    const text = withLiveNames(analysis, live)
    variables.push(...text.variables)
    this.#checkPlace(user, outer)
    // A variable that is in no scope around the function gets a scope of its own.
    const scope = variables.length === 0 ? outer : this.#scopes.add(outer, variables)
    const isOwn = new Set([...names, ...givenNames])
    this.#members[at] = {
      analysis: text.analysis,
      location: sourceLocationOf(location, analysis, text.replacements),
      scope,
      globals: analysis.globals.filter((name) => !isOwn.has(name) && analysis.used.has(name)),
      helpers: analysis.helpers.map((name): Slot => ({ t: 'helper', name, base, called })),
      superclass: this.#superclass(fn, analysis, called),
      prototypeOf: this.#prototype(fn, analysis, called),
      added: this.#added(fn, analysis, called)
    }
  }

  /** The engine shows the values in scopes, not their identity. Two equal scopes may be one, or come from two runs of a function. */
  #checkPlace(user: User, scope: number): void {
    if (user.location === undefined) return
    const { scriptId, line, column } = user.location.surroundings
    const key = `${scriptId} ${line} ${column} ${scope}`
    const other = this.#places.get(key)
    this.#places.set(key, { ...user, scope })
    const variable = other === undefined ? undefined : this.#scopes.writtenIn(scope, user.analysis.written)
    if (variable !== undefined) throw indistinguishable(user.called, variable)
  }

  #superclass(fn: object, { parsed }: FunctionAnalysis, called: string): Slot | undefined {
    const base: unknown = Object.getPrototypeOf(fn)
    if (parsed.form === 'class') {
      if ((parsed.node.superClass ?? undefined) === undefined) return undefined
      // With `extends null` the class inherits from Function.prototype, as without `extends`.
      return this.#slots.of('extends', base === Function.prototype ? null : base, called)
    }
    // Only `__extends` and similar helpers make a function inherit from another function.
    if (typeof base !== 'function' || isNativeText(sourceOf(base))) return undefined
    return this.#slots.of('extends', base, called)
  }

  /** The prototype that the prototype of a constructor inherits from, if `util.inherits` or `Object.create` has set it. */
  #prototype(fn: object, { parsed, name }: FunctionAnalysis, called: string): Slot | undefined {
    const owner = parsed.form === 'class' ? undefined : prototypeOwner(fn, name ?? '', called)
    return owner === undefined ? undefined : this.#slots.of('extends', owner, called)
  }

  #added(fn: object, analysis: FunctionAnalysis, called: string): Added[] {
    return addedProperties(fn, analysis).map(({ on, key, descriptor }) => {
      const name = `${analysis.name ?? ''}${on === 'itself' ? '' : '.prototype'}.${key}`
      const slotOf = (value: unknown): Slot => {
        const slot = this.#slots.of(name, value, called)
        if (slot.t === 'data' || slot.t === 'object') this.#cacheability.limitToCall()
        return slot
      }
      return { on, key, ...planProperty(descriptor, slotOf) }
    })
  }
}
