import type { Scope, Variable } from './graph.js'
import type { Surroundings, VariableScope } from './inspector.js'

/** A scope of the program. */
export interface OpenScope extends Scope {
  readonly scriptId: string
  readonly seen: VariableScope
  /** The variables that are bound already. */
  readonly names: Set<string>
}

/** The scopes of a graph, each once. */
export class ScopeTable {
  readonly all: (OpenScope | Scope)[] = []

  /** The index of the function's innermost scope. Functions that see the same variables share them. */
  open({ scopes, scriptId }: Surroundings): number {
    let parent = -1
    for (const seen of scopes.toReversed()) {
      const found = this.all.findIndex(
        (scope) => 'seen' in scope && scope.parent === parent && scope.scriptId === scriptId && isSame(scope.seen, seen)
      )
      const make = (): number => this.all.push({ parent, variables: [], scriptId, seen, names: new Set<string>() }) - 1
      parent = found >= 0 ? found : make()
    }
    return parent
  }

  /** The index of a scope around one function alone. */
  add(parent: number, variables: Variable[]): number {
    return this.all.push({ parent, variables }) - 1
  }

  /** The scope that has the name, from the scope at `inner` outwards, or a `with` on the way to it. */
  find(name: string, inner: number): OpenScope | undefined {
    for (let at = inner; at >= 0; at = this.all[at]?.parent ?? -1) {
      const scope = this.all[at]
      if (scope === undefined || !('seen' in scope)) continue
      if (scope.seen.kind === 'With Block' || Object.hasOwn(scope.seen.variables, name)) return scope
    }
    return undefined
  }

  /** Without what was seen beside the variables bound: it is not to be kept. */
  bound(): readonly Scope[] {
    return this.all.map(({ parent, variables }) => ({ parent, variables }))
  }
}

function isSame(a: VariableScope, b: VariableScope): boolean {
  if (a.kind !== b.kind) return false
  const names = Object.keys(a.variables)
  if (names.length !== Object.keys(b.variables).length) return false
  // Two runs of one function have scopes alike; they are told apart by what is in them.
  return names.every((name) => Object.hasOwn(b.variables, name) && Object.is(a.variables[name], b.variables[name]))
}
