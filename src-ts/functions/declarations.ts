import type { AnyNode } from 'acorn'
import { isNode } from './surroundings.js'

/** How a name is declared; `other` stands for everything that can be assigned to. */
export type DeclarationKind = 'const' | 'other'

function patternHas(pattern: AnyNode | null, name: string): boolean {
  switch (pattern?.type) {
    case 'Identifier':
      return pattern.name === name
    case 'ObjectPattern':
      return pattern.properties.some((part) => patternHas(part.type === 'RestElement' ? part : part.value, name))
    case 'ArrayPattern':
      return pattern.elements.some((part) => patternHas(part, name))
    case 'RestElement':
      return patternHas(pattern.argument, name)
    case 'AssignmentPattern':
      return patternHas(pattern.left, name)
    default:
      return false
  }
}

function declarationOf(node: AnyNode, name: string): DeclarationKind | undefined {
  if (node.type === 'VariableDeclaration') {
    const isConst = node.kind === 'const' || node.kind === 'using' || node.kind === 'await using'
    if (node.declarations.some(({ id }) => patternHas(id, name))) return isConst ? 'const' : 'other'
  }
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
    return node.id?.name === name ? 'other' : undefined
  }
  const isExport = node.type === 'ExportNamedDeclaration' || node.type === 'ExportDefaultDeclaration'
  return isExport && isNode(node.declaration) ? declarationOf(node.declaration, name) : undefined
}

/** A `var` anywhere in a function belongs to all of it. */
function hasVar(node: AnyNode, name: string): boolean {
  if (node.type === 'VariableDeclaration' && node.kind === 'var' && declarationOf(node, name) !== undefined) return true
  return Object.values(node)
    .flat()
    .some((child: unknown) => isNode(child) && !/Function|Class/.test(child.type) && hasVar(child, name))
}

function among(nodes: readonly (AnyNode | null | undefined)[], name: string): DeclarationKind | undefined {
  for (const node of nodes) {
    const kind = isNode(node) ? declarationOf(node, name) : undefined
    if (kind !== undefined) return kind
  }
  return undefined
}

/** How the scope that a node opens declares a name; undefined where it does not. */
export function declarationIn(node: AnyNode, name: string): DeclarationKind | undefined {
  switch (node.type) {
    case 'Program':
    case 'BlockStatement':
    case 'StaticBlock':
      return among(node.body, name) ?? (node.type !== 'BlockStatement' && hasVar(node, name) ? 'other' : undefined)
    case 'SwitchStatement':
      return among(
        node.cases.flatMap(({ consequent }) => consequent),
        name
      )
    case 'ForStatement':
      return among([node.init], name)
    case 'ForInStatement':
    case 'ForOfStatement':
      return among([node.left], name)
    case 'CatchClause':
      return patternHas(node.param ?? null, name) ? 'other' : undefined
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression': {
      const isOwn = node.type !== 'ArrowFunctionExpression' && (name === 'arguments' || node.id?.name === name)
      const isDeclared = isOwn || node.params.some((param) => patternHas(param, name))
      return isDeclared || hasVar(node.body, name) ? 'other' : undefined
    }
    case 'ClassDeclaration':
    case 'ClassExpression':
      return node.id?.name === name ? 'const' : undefined
    default:
      return undefined
  }
}
