import type { Node } from 'acorn'
import type * as EslintScope from 'eslint-scope'
import type { ParsedFunction } from './parse.js'
import { analyzeScopes } from './parser.js'

/** Where the text uses a name that nothing in it declares. */
export interface FreeName {
  readonly name: string
  readonly node: Node
  /** True where it is assigned to. */
  readonly isWritten: boolean
}

/** True where `name` is a function in a block, which sloppy code sees in all of the enclosing function. */
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
 * Every use of a name from outside of the text, in the order of the text: variables of the surroundings and globals. An
 * arrow function's `arguments` is one.
 */
export function findFreeNames(parsed: ParsedFunction): readonly FreeName[] {
  const manager = analyzeScopes(parsed.program, {
    ecmaVersion: 2026,
    sourceType: 'script',
    impliedStrict: parsed.isStrict
  })
  const [globalScope] = manager.scopes
  // The parser's wrapper, to which an arrow's `arguments` would belong.
  const wrapperScope = globalScope?.childScopes[0]
  const references = [...(globalScope?.through ?? []), ...(wrapperScope?.set.get('arguments')?.references ?? [])]
  return (
    references
      .filter(({ identifier, from }) => parsed.isStrict || !isHoistedFromBlock(from, identifier.name))
      .map((use) => ({ name: use.identifier.name, node: use.identifier as unknown as Node, isWritten: use.isWrite() }))
      // A method's computed key was evaluated when the object was made.
      .filter(({ node }) => node.start >= parsed.node.start)
      .toSorted((a, b) => a.node.start - b.node.start)
  )
}
