import { JSON, Map, Object, Set, String } from '../../primordials.js'
import type { Scope, Variable } from '../ship/graph.js'
import { readVariable, type Surroundings, type VariableScope } from '../capture/inspector.js'

/** A scope of the program. */
export interface OpenScope extends Scope {
  readonly scriptId: string
  readonly seen: VariableScope
  /** The variables that already have a value in the graph. */
  readonly names: Set<string>
}

/** A longer string may have many megabytes. It is not copied, but compared by a map. */
const WRITTEN_LENGTH = 64

function isOtherPrimitive(value: unknown): boolean {
  return (typeof value !== 'object' || value === null) && !/^(string|function|symbol)$/.test(typeof value)
}

/** The scopes of a graph. Each scope of the program is in it once. */
export class ScopeTable {
  readonly all: (OpenScope | Scope)[] = []
  readonly #places = new Map<string, number>()
  readonly #identities = new Map<unknown, number>()

  /** The index of the function's innermost scope. Functions that see the same variables share their scopes. */
  open({ scopes, scriptId }: Surroundings): number {
    let parent = -1
    for (const seen of scopes.toReversed()) {
      const key = `${parent} ${scriptId} ${this.#keyOf(seen)}`
      let at = this.#places.get(key)
      if (at === undefined) {
        at = this.all.push({ parent, variables: [], scriptId, seen, names: new Set<string>() }) - 1
        this.#places.set(key, at)
      }
      parent = at
    }
    return parent
  }

  /** A key that is equal for the same scope. Two runs of one function have similar scopes, which are told apart by their values. */
  #keyOf(seen: VariableScope): string {
    const { kind, variables } = seen
    // A script has only one of these.
    if (kind === 'Module') return kind
    if (kind === 'With Block') return `${kind} ${this.#identify(variables)}`
    return Object.keys(variables).reduce((key, name) => {
      const read = readVariable(seen, name)
      return `${key} ${name} ${read === undefined ? 'none' : this.#identify(read.value)}`
    }, kind)
  }

  #identify(value: unknown): string {
    // JSON writes it as 0.
    if (Object.is(value, -0)) return '-0'
    if (typeof value === 'string' ? value.length <= WRITTEN_LENGTH : isOtherPrimitive(value)) {
      return typeof value === 'string' ? JSON.stringify(value) : `${typeof value} ${String(value)}`
    }
    let number = this.#identities.get(value)
    if (number === undefined) {
      number = this.#identities.size
      this.#identities.set(value, number)
    }
    return `#${number}`
  }

  /** The index of a scope around a single function. */
  add(parent: number, variables: Variable[]): number {
    return this.all.push({ parent, variables }) - 1
  }

  /** The nearest scope that has the name, from the scope at `inner` outward, or a `with` on the way. */
  find(name: string, inner: number): OpenScope | undefined {
    for (let at = inner; at >= 0; at = this.all[at]?.parent ?? -1) {
      const scope = this.all[at]
      if (scope === undefined || !('seen' in scope)) continue
      if (scope.seen.kind === 'With Block' || Object.hasOwn(scope.seen.variables, name)) return scope
    }
    return undefined
  }

  /** A variable around a function at `inner` that is assigned to, and that may be one of several variables of its name. */
  writtenIn(inner: number, written: ReadonlySet<string>): string | undefined {
    for (let at = inner; at >= 0; at = this.all[at]?.parent ?? -1) {
      const scope = this.all[at]
      // A script has only one of these.
      if (scope === undefined || !('seen' in scope) || /^(Module|Script)$/.test(scope.seen.kind)) continue
      const found = scope.variables.find(({ name }) => written.has(name))
      if (found !== undefined) return found.name
    }
    return undefined
  }

  /** The scopes without the values that were only used for comparison, which must not be kept. */
  bound(): readonly Scope[] {
    return this.all.map(({ parent, variables }) => ({ parent, variables }))
  }
}
