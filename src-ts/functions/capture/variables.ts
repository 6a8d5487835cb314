import { isBuiltin } from 'node:module'
import { TaskFunctionError } from '../../errors/index.js'
import { Object, globalObject } from '../../primordials.js'
import type { FunctionAnalysis } from './analysis.js'
import { uninitialised, unknownName, unshippable } from '../refusal/messages.js'
import { importsEntry } from '../reference/entry.js'
import type { Cacheability } from './cacheability.js'
import type { Slot } from '../ship/graph.js'
import { readVariable, type VariableScope } from './inspector.js'
import { sourceOf } from '../refusal/refusals.js'
import { isLive } from './live-exports.js'
import { requireSlot } from '../reference/requires.js'
import type { ScopeTable } from '../analyze/scope-table.js'
import type { ImportBinding, Script } from './scripts.js'
import type { FunctionLocation } from './function-location.js'
import type { Slots } from './slots.js'
import { absoluteSpecifier, unresolvable } from '../reference/specifiers.js'

/** A function whose variables are looked up. */
export interface User {
  readonly fn: object
  readonly analysis: FunctionAnalysis
  /** How messages call it. */
  readonly called: string
  readonly location: FunctionLocation | undefined
}

/** Decides how the variables around functions are sent. */
export class Variables {
  readonly #scopes: ScopeTable
  readonly #slots: Slots
  readonly #cacheability: Cacheability

  constructor(scopes: ScopeTable, slots: Slots, cacheability: Cacheability) {
    this.#scopes = scopes
    this.#slots = slots
    this.#cacheability = cacheability
  }

  /**
   * Puts a variable into its scope, which is searched from the scope at `inner` outward.
   * @returns false if no scope has the name
   * @throws TaskFunctionError for a value that cannot be sent
   */
  bind(name: string, user: User, inner: number): boolean {
    const scope = this.#scopes.find(name, inner)
    if (scope === undefined) return false
    if (scope.seen.kind === 'With Block') {
      throw new TaskFunctionError(
        `${user.called} is inside a with statement, so millrace cannot tell which variables it uses`
      )
    }
    if (!scope.names.has(name)) {
      scope.names.add(name)
      scope.variables.push({ name, slot: this.#slotOf(name, scope.seen, user) })
    }
    return true
  }

  /** How to read an import that may change later. undefined for any other name. */
  liveImport(name: string, { location, analysis }: User, inner: number): Slot | undefined {
    const { imports, base } = location?.script ?? {}
    const imported = imports?.get(name)
    if (imported === undefined || base === undefined || imported.name === '*') return undefined
    const scope = this.#scopes.find(name, inner)
    // An assignment to an import is an error, in the worker too.
    if ((scope !== undefined && scope.seen.kind !== 'Module') || analysis.written.has(name)) return undefined
    if (importsEntry(imported.specifier, base) || !isLive(imported, base)) return undefined
    return { t: 'live', base, ...imported }
  }

  /** A name that is in no scope: an import, or a variable of a script, which is a property of the global object. */
  outside(name: string, { location, called, analysis }: User): Slot | undefined {
    const imported = location?.script?.imports.get(name)
    if (imported !== undefined) return importSlot(imported, location?.script, called)
    const property = Object.getOwnPropertyDescriptor(globalObject, name)
    // In the REPL and with -e, every module of Node is a global.
    if (property?.get !== undefined && isBuiltin(name)) return { t: 'builtin', id: name, path: [] }
    // `typeof Iterator === 'function' ? Iterator : Object` means the same in the worker.
    if (property === undefined && analysis.asked.has(name)) return undefined
    if (property === undefined || !('value' in property)) throw unknownName(called, name)
    const value: unknown = property.value
    if (name === 'require' && typeof value === 'function' && location?.script?.base !== undefined) {
      return { t: 'require', base: location.script.base }
    }
    // A variable that a script declares by `var` or `function` cannot be deleted. An assigned property of the global object can.
    if (property.configurable === true) throw unknownName(called, name)
    this.#cacheability.limitToCall()
    return this.#slots.of(name, value, called)
  }

  #slotOf(name: string, seen: VariableScope, { fn, analysis, location, called }: User): Slot {
    const read = readVariable(seen, name)
    if (read === undefined) throw uninitialised(called, name)
    const { value } = read
    const script = location?.script
    const imported = seen.kind === 'Module' ? script?.imports.get(name) : undefined
    // Values from the main program are sent by value, because importing the program would run it.
    if (imported !== undefined && !importsEntry(imported.specifier, script?.base)) {
      return importSlot(imported, script, called)
    }
    if (name === 'arguments') throw unshippable(called, name, 'the arguments of a function', 'capture an array of them')
    const required = requireSlot(value, script?.base)
    if (required !== undefined) return required
    // The `require` of a test runner, which has its own modules.
    if (name === 'require' && typeof value === 'function' && script?.base !== undefined && 'resolve' in value) {
      return { t: 'require', base: script.base }
    }
    const { line, column } = location?.surroundings ?? { line: 0, column: 0 }
    const binding = script?.findBinding(name, sourceOf(fn), line, column)
    if (value === undefined && binding?.isNeverUndefined === true) throw uninitialised(called, name)
    const slot = this.#slots.of(name, value, called, analysis.members.get(name))
    // A constant that is undefined may be a constant whose declaration has not run.
    const isData = slot.t === 'data'
    const isLasting = binding?.isConst === true || (!isData && binding?.isAssigned === false)
    if (!isLasting || (isData && value === undefined)) this.#cacheability.limitToCall()
    else if (slot.t === 'object' || slot.t === 'prototype') this.#cacheability.limitToCall()
    else if (isData && typeof value === 'object' && value !== null) this.#cacheability.limitToContents()
    return slot
  }
}

function importSlot(imported: ImportBinding, script: Script | undefined, called: string): Slot {
  const { specifier } = imported
  if (script?.base === undefined && absoluteSpecifier(specifier) === undefined) throw unresolvable(called, specifier)
  return { t: 'import', base: script?.base ?? '', ...imported }
}
