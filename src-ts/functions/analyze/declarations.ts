import type { AnyNode, Program } from 'acorn'
import { Object, Set } from '../../primordials.js'
import { isNode } from './surroundings.js'

/** How a name is declared. */
export interface Declaration {
  readonly isConst: boolean
  /** Whether the declaration gives a value that cannot be undefined. If the name is undefined, its declaration has not run. */
  readonly isNeverUndefined: boolean
}

const CONST: Declaration = { isConst: true, isNeverUndefined: false }
const OTHER: Declaration = { isConst: false, isNeverUndefined: false }

function isValue(node: AnyNode | null | undefined): boolean {
  switch (node?.type) {
    case 'Literal':
    case 'TemplateLiteral':
    case 'ObjectExpression':
    case 'ArrayExpression':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'ClassExpression':
    case 'NewExpression':
    case 'BinaryExpression':
    case 'UpdateExpression':
      return true
    case 'UnaryExpression':
      return node.operator !== 'void'
    default:
      return false
  }
}

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

function declarationOf(node: AnyNode, name: string): Declaration | undefined {
  if (node.type === 'VariableDeclaration') {
    const found = node.declarations.find(({ id }) => patternHas(id, name))
    const isNeverUndefined = node.kind !== 'var' && found?.id.type === 'Identifier' && isValue(found.init)
    if (found !== undefined) return { isConst: node.kind !== 'var' && node.kind !== 'let', isNeverUndefined }
  }
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
    return node.id?.name === name ? { isConst: false, isNeverUndefined: node.type === 'ClassDeclaration' } : undefined
  }
  const isExport = node.type === 'ExportNamedDeclaration' || node.type === 'ExportDefaultDeclaration'
  return isExport && isNode(node.declaration) ? declarationOf(node.declaration, name) : undefined
}

/** A `var` anywhere in a function declares its name in the whole function. */
function hasVar(node: AnyNode, name: string): boolean {
  if (node.type === 'VariableDeclaration' && node.kind === 'var' && declarationOf(node, name) !== undefined) return true
  return Object.values(node)
    .flat()
    .some((child: unknown) => isNode(child) && !/Function|Class/.test(child.type) && hasVar(child, name))
}

function among(nodes: readonly (AnyNode | null | undefined)[], name: string): Declaration | undefined {
  for (const node of nodes) {
    const kind = isNode(node) ? declarationOf(node, name) : undefined
    if (kind !== undefined) return kind
  }
  return undefined
}

/** How the scope that a node opens declares a name. undefined if it does not. */
export function declarationIn(node: AnyNode, name: string): Declaration | undefined {
  switch (node.type) {
    case 'Program':
    case 'BlockStatement':
    case 'StaticBlock':
      return among(node.body, name) ?? (node.type !== 'BlockStatement' && hasVar(node, name) ? OTHER : undefined)
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
      return patternHas(node.param ?? null, name) ? OTHER : undefined
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression': {
      const isOwn = node.type !== 'ArrowFunctionExpression' && (name === 'arguments' || node.id?.name === name)
      const isDeclared = isOwn || node.params.some((param) => patternHas(param, name))
      return isDeclared || hasVar(node.body, name) ? OTHER : undefined
    }
    case 'ClassDeclaration':
    case 'ClassExpression':
      return node.id?.name === name ? CONST : undefined
    default:
      return undefined
  }
}

/** The names that a script, or a part of it, assigns to outside their declarations. */
export function assignedNames(program: AnyNode): ReadonlySet<string> {
  const names = new Set<string>()
  const left: AnyNode[] = [program]
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node.type === 'AssignmentExpression' || node.type === 'ForInStatement' || node.type === 'ForOfStatement') {
      addNames(node.left, names)
    } else if (node.type === 'UpdateExpression') addNames(node.argument, names)
    for (const child of Object.values(node).flat() as unknown[]) if (isNode(child)) left.push(child)
  }
  return names
}

/** The variables of a pattern. */
export function patternNames(pattern: AnyNode): ReadonlySet<string> {
  const names = new Set<string>()
  addNames(pattern, names)
  return names
}

/** The names that functions and classes of a script assign to, which they may do at any time. */
export function lateNames(program: Program): ReadonlySet<string> {
  const names = new Set<string>()
  const left: AnyNode[] = [program]
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (/Function|^Class/.test(node.type)) for (const name of assignedNames(node)) names.add(name)
    else for (const child of Object.values(node).flat() as unknown[]) if (isNode(child)) left.push(child)
  }
  return names
}

function addNames(target: AnyNode, names: Set<string>): void {
  const left: (AnyNode | null)[] = [target]
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node?.type === 'Identifier') names.add(node.name)
    else if (node?.type === 'ObjectPattern') {
      left.push(...node.properties.map((part) => (part.type === 'RestElement' ? part : part.value)))
    } else if (node?.type === 'ArrayPattern') left.push(...node.elements)
    else if (node?.type === 'RestElement') left.push(node.argument)
    else if (node?.type === 'AssignmentPattern') left.push(node.left)
  }
}

/** Whether all code in a node is strict, by its kind or by a directive. */
export function hasStrictDirective(node: AnyNode): boolean {
  if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') return true
  const isFunction = /Function/.test(node.type)
  const body: unknown = node.type === 'Program' ? node : isFunction && 'body' in node ? node.body : undefined
  if (!isNode(body) || (body.type !== 'Program' && body.type !== 'BlockStatement')) return false
  return body.body.some((statement) => 'directive' in statement && statement.directive === 'use strict')
}
