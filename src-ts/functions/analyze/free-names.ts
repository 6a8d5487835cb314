import type { Node } from 'acorn'
import type * as EslintScope from 'eslint-scope'
import type { ParsedFunction } from './parse.js'
import { analyzeScopes } from './parser.js'

/** A use of a name that the text does not declare. */
export interface FreeName {
  readonly name: string
  readonly node: Node
  /** Whether the use is an assignment. */
  readonly isWritten: boolean
}

/** Whether `name` is a function in a block, which sloppy code sees in the whole enclosing function. */
function isHoistedFromBlock(scope: EslintScope.Scope | null, name: string): boolean {
  for (let around = scope; around !== null; around = around.upper) {
    if (around.variableScope === around && declaresInBlock(around, name)) return true
  }
  return false
}

function declaresInBlock(scope: EslintScope.Scope, name: string): boolean {
  return scope.childScopes.some(
    (child) =>
      child.variableScope === scope.variableScope &&
      (child.set.get(name)?.defs.some((definition) => definition.type === 'FunctionName') === true ||
        declaresInBlock(child, name))
  )
}

/**
 * Every use of a name from outside the text, in the order of the text: variables of the surrounding code and globals. The `arguments`
 * of an arrow function is such a name.
 */
export function findFreeNames(parsed: ParsedFunction): readonly FreeName[] {
  const manager = analyzeScopes(parsed.program, {
    ecmaVersion: 2026,
    sourceType: 'script',
    impliedStrict: parsed.isStrict
  })
  const [globalScope] = manager.scopes
  // The scope is the parser's wrapper. An arrow function's `arguments` would belong to it.
  const wrapperScope = globalScope?.childScopes[0]
  const references = [...(globalScope?.through ?? []), ...(wrapperScope?.set.get('arguments')?.references ?? [])]
  return (
    references
      .filter(({ identifier, from }) => parsed.isStrict || !isHoistedFromBlock(from, identifier.name))
      .map((use) => ({ name: use.identifier.name, node: use.identifier as unknown as Node, isWritten: use.isWrite() }))
      // The computed key of a method was evaluated when the object was made.
      .filter(({ node }) => node.start >= parsed.node.start)
      .toSorted((a, b) => a.node.start - b.node.start)
  )
}
