import { isBuiltin } from 'node:module'
import { types } from 'node:util'
import { TaskFunctionError } from '../errors.js'
import { addedProperties } from './added.js'
import { type Anatomy, anatomyOf } from './anatomy.js'
import { builtInPlace } from './built-ins.js'
import { describeFunction } from './described.js'
import { unknownName, unsendable, unshippable } from './describe.js'
import { commonJsOf, exportOf, type ExportPlace, type Undecided } from './exports.js'
import { globalPath } from './globals.js'
import type { Added, CapturedData, Graph, Member, Slot, Variable } from './graph.js'
import type { VariableScope } from './inspector.js'
import { hasFunction, isModuleLike, hasOnlyGetters } from './module-like.js'
import { placeOf } from './place.js'
import { callName, isNativeText, sourceOf } from './refusals.js'
import { ScopeTable } from './scope-table.js'
import { type Site, visit } from './site.js'
import { checkSpecifiers } from './specifiers.js'

/** Values that a function sees as free names, given by the caller. */
export type GivenNames = Readonly<Record<string, unknown>>

interface Work {
  readonly at: number
  readonly anatomy: Anatomy
  readonly fn: object
  /** Where it stands, if that has been found out. */
  readonly site: Site | undefined
}

/** The base of a script that nothing can be imported relative to. */
const NO_BASE = ''

/** Walks from a function to everything that has to travel with it. */
export class Capture {
  readonly #given: GivenNames | undefined
  readonly #undecided: Undecided
  readonly #members: Member[] = []
  readonly #scopes = new ScopeTable()
  readonly #data: CapturedData[] = []
  readonly #numbers = new Map<object, number>()
  readonly #work: Work[] = []
  #freshness: Graph['freshness'] = 'fixed'

  /** @param undecided Takes in functions that may be exports: until that is decided they go by value. */
  constructor(given: GivenNames | undefined, undecided: Undecided) {
    this.#given = given
    this.#undecided = undecided
  }

  /**
   * @returns The export that the function is, or what has to travel.
   * @throws TaskFunctionError for what cannot travel.
   */
  run(fn: object, anatomy: Anatomy): Graph | ExportPlace {
    let site: Site | undefined
    if (this.#given === undefined) {
      site = visit(fn, callName(anatomy.name))
      const exported = site?.script === undefined ? undefined : exportOf(fn, site.script, this.#undecided)
      if (exported !== undefined) return exported
    }
    this.#enqueue(fn, anatomy, site)
    // A queue, not recursion: functions may use each other in chains of any length.
    for (let work = this.#work.pop(); work !== undefined; work = this.#work.pop()) this.#addMember(work)
    return { members: this.#members, scopes: this.#scopes.bound(), data: this.#data, freshness: this.#freshness }
  }

  #enqueue(fn: object, anatomy: Anatomy, site: Site | undefined): number {
    const at = this.#numbers.size
    this.#numbers.set(fn, at)
    this.#work.push({ at, anatomy, fn, site })
    return at
  }

  #addMember({ at, anatomy, fn, site: known }: Work): void {
    const called = callName(anatomy.name)
    const given = at === 0 ? this.#given : undefined
    const isGiven = anatomy.captured.filter((name) => given !== undefined && Object.hasOwn(given, name))
    const names = anatomy.captured.filter((name) => !isGiven.includes(name))
    const needsPlace = names.length > 0 || anatomy.usesMeta || anatomy.specifiers.length > 0
    const site = known ?? (needsPlace ? visit(fn, called) : undefined)
    const base = site?.script?.base ?? NO_BASE
    if (base === NO_BASE) checkSpecifiers(anatomy.specifiers, called)
    const outer = site === undefined ? -1 : this.#scopes.open(site.surroundings)
    const variables: Variable[] = isGiven.map((name) => ({
      name,
      slot: this.#toSlot(name, given?.[name], called, undefined)
    }))
    if (given !== undefined) this.#freshness = 'variables'
    for (const name of names) {
      if (this.#bind(name, fn, anatomy, site, outer, called)) continue
      const slot = this.#outside(name, site, called, anatomy.asked.has(name))
      if (slot !== undefined) variables.push({ name, slot })
    }
    // What is in no scope around the function gets one of its own.
    const scope = variables.length === 0 ? outer : this.#scopes.add(outer, variables)
    const helpers = anatomy.helpers.map((name): Slot => ({ t: 'helper', name, base, called }))
    this.#members[at] = {
      anatomy,
      place: placeOf(site, anatomy),
      scope,
      helpers,
      heritage: this.#heritage(fn, anatomy, called),
      added: this.#added(fn, anatomy, called)
    }
  }

  #heritage(fn: object, { parsed }: Anatomy, called: string): Slot | undefined {
    const base: unknown = Object.getPrototypeOf(fn)
    if (parsed.form === 'class') {
      if ((parsed.node.superClass ?? undefined) === undefined) return undefined
      // `extends null` gives the class Function.prototype, as no base does.
      return this.#toSlot('extends', base === Function.prototype ? null : base, called, undefined)
    }
    // Only `__extends` and the like give a function another function as prototype: others have those of async functions.
    if (typeof base !== 'function' || isNativeText(sourceOf(base))) return undefined
    return this.#toSlot('extends', base, called, undefined)
  }

  #added(fn: object, anatomy: Anatomy, called: string): Added[] {
    return addedProperties(fn, anatomy).map(({ on, key, value, isAccessor, isEnumerable }) => {
      const name = `${anatomy.name ?? ''}${on === 'itself' ? '' : '.prototype'}.${key}`
      if (isAccessor) throw unshippable(called, name, 'a getter or setter that was added', 'declare it in a class')
      const slot = this.#toSlot(name, value, called, undefined)
      if (slot.t === 'data') this.#freshness = 'variables'
      return { on, key, isEnumerable, slot }
    })
  }

  /** False where no scope has the name. */
  #bind(name: string, fn: object, anatomy: Anatomy, site: Site | undefined, inner: number, called: string): boolean {
    const scope = this.#scopes.find(name, inner)
    if (scope === undefined) return false
    if (scope.seen.kind === 'With Block') {
      throw new TaskFunctionError(`${called} is inside of a with statement, so that its variables cannot be told`)
    }
    if (!scope.names.has(name)) {
      scope.names.add(name)
      scope.variables.push({ name, slot: this.#slotOf(name, scope.seen, anatomy, site, called, fn) })
    }
    return true
  }

  /** A name of no scope: an import, or a variable of a script that became a property of the global object. */
  #outside(name: string, site: Site | undefined, called: string, isOptional: boolean): Slot | undefined {
    const imported = site?.script?.imports.get(name)
    if (imported !== undefined) return { t: 'import', base: site?.script?.base ?? NO_BASE, ...imported }
    const property = Object.getOwnPropertyDescriptor(globalThis, name)
    // With -e and in the REPL every module of Node is a global.
    if (property?.get !== undefined && isBuiltin(name)) return { t: 'builtin', id: name, path: [] }
    // `typeof Iterator === 'function' ? Iterator : Object` means the same in the worker.
    if (property === undefined && isOptional) return undefined
    if (property === undefined || !('value' in property)) throw unknownName(called, name)
    const value: unknown = property.value
    if (name === 'require' && typeof value === 'function' && site?.script?.base !== undefined) {
      return { t: 'require', base: site.script.base }
    }
    // Declared by `var` or `function` in a script; what was assigned to the global object can be deleted.
    if (property.configurable === true) throw unknownName(called, name)
    return this.#toSlot(name, value, called, undefined)
  }

  #slotOf(
    name: string,
    seen: VariableScope,
    anatomy: Anatomy,
    site: Site | undefined,
    called: string,
    fn: object
  ): Slot {
    const value = seen.variables[name]
    const script = site?.script
    const imported = seen.kind === 'Module' ? script?.imports.get(name) : undefined
    if (imported !== undefined) return { t: 'import', base: script?.base ?? NO_BASE, ...imported }
    if (name === 'arguments') throw unshippable(called, name, 'the arguments of a function', 'capture an array of them')
    if (name === 'require' && typeof value === 'function' && script?.base !== undefined && 'resolve' in value) {
      return { t: 'require', base: script.base }
    }
    const slot = this.#toSlot(name, value, called, anatomy.members.get(name))
    if (slot.t !== 'data' || this.#freshness === 'variables') return slot
    const { line, column } = site?.surroundings ?? { line: 0, column: 0 }
    if (script?.isConst(name, sourceOf(fn), line, column) !== true) this.#freshness = 'variables'
    else if (typeof value === 'object' && value !== null) this.#freshness = 'contents'
    return slot
  }

  #toSlot(name: string, value: unknown, called: string, members: readonly string[] | undefined): Slot {
    if (typeof value === 'symbol') throw unshippable(called, name, 'a symbol', 'make it inside of the function')
    if (typeof value === 'function') return this.#functionSlot(name, value, called)
    if (typeof value === 'object' && value !== null) {
      const place = types.isProxy(value) ? undefined : builtInPlace(value)
      if (place !== undefined) return place
      if (isModuleLike(name, value)) return this.#moduleSlot(name, value, called, members)
      const refusal = unsendable(value)
      if (refusal !== undefined) throw unshippable(called, name, ...refusal)
      const path = members === undefined || !hasFunction(value, members) ? undefined : commonJsOf(value)
      if (path !== undefined) return { t: 'file', path }
    }
    return { t: 'data', at: this.#data.push({ name, value }) - 1 }
  }

  /** A module as transpilers and test runners hold it: what is used of it travels on its own. */
  #moduleSlot(name: string, value: object, called: string, members: readonly string[] | undefined): Slot {
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
      of[key] = path === undefined ? this.#toSlot(`${name}.${key}`, member, called, undefined) : { t: 'file', path }
      if (of[key].t === 'data') this.#freshness = 'variables'
    }
    return { t: 'members', of }
  }

  #functionSlot(name: string, fn: object, called: string): Slot {
    const known = this.#numbers.get(fn)
    if (known !== undefined) return { t: 'fn', at: known }
    if (types.isProxy(fn)) throw unshippable(called, name, 'a Proxy of a function', 'capture the function itself')
    const path = globalPath(fn)
    if (path !== undefined) return { t: 'global', path }
    const place = builtInPlace(fn)
    if (place !== undefined) return place
    const text = sourceOf(fn)
    if (isNativeText(text)) {
      throw unshippable(called, name, 'a function that is native or bound', 'write a function that calls it')
    }
    const anatomy = anatomyOf(describeFunction(fn, text))
    const site = visit(fn, callName(anatomy.name))
    const script = site?.script
    if (script?.url.startsWith('node:') === true) {
      throw unshippable(
        called,
        name,
        `a function of Node's own that no module exports`,
        'write a function that calls it'
      )
    }
    const exported = script === undefined ? undefined : exportOf(fn, script, this.#undecided)
    if (exported !== undefined) return { t: 'export', ...exported }
    return { t: 'fn', at: this.#enqueue(fn, anatomy, site) }
  }
}
