import type { AnyNode, ImportExpression, Node } from 'acorn'
import { TaskFunctionError } from '../../errors/index.js'
import { Array, Map, Object, Set } from '../../primordials.js'
import type { ParsedFunction } from './parse.js'

/** What belongs to the function itself at some point of its text. Everything else belongs to the surrounding code. */
interface Context {
  readonly hasThis: boolean
  readonly hasNewTarget: boolean
  readonly hasSuper: boolean
  readonly privateNames: ReadonlySet<string>
}

/** The result of walking through a function. */
export interface Surroundings {
  /** Every `import()`. */
  readonly imports: readonly ImportExpression[]
  /** Every `import.meta`. */
  readonly metas: readonly Node[]
  /** The identifiers that are only used for members of fixed names: `ns.a`, `ns["a"]`, `const { a, b } = ns`. */
  readonly membersOf: ReadonlyMap<Node, readonly string[]>
  /** Identifiers that are called, or are the tag of a template. */
  readonly called: ReadonlySet<Node>
  /** Identifiers that are both the name and the value of a property, as in `{ a }`. */
  readonly shorthands: ReadonlySet<Node>
  /** Identifiers that are only used with `typeof`, which is allowed for names that do not exist. */
  readonly typeofOperands: ReadonlySet<Node>
  /** Whether sloppy code may behave differently from strict code. */
  readonly isModeSensitive: boolean
}

const OWN: Omit<Context, 'privateNames'> = { hasThis: true, hasNewTarget: true, hasSuper: true }

/** Whether a value is a node of the parser's tree. */
export function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** The name of a member, if the text fixes it. */
function fixedName(key: AnyNode, isComputed: boolean): string | undefined {
  if (key.type === 'Identifier') return isComputed ? undefined : key.name
  if (key.type === 'Literal') return typeof key.value === 'string' ? key.value : undefined
  if (key.type !== 'TemplateLiteral' || key.expressions.length > 0) return undefined
  return key.quasis[0]?.value.cooked ?? undefined
}

/** The names that a pattern reads from an object. */
function namesTaken(pattern: AnyNode): readonly (string | undefined)[] {
  if (pattern.type !== 'ObjectPattern') return []
  // A rest element reads everything.
  return pattern.properties.map((part) => (part.type === 'Property' ? fixedName(part.key, part.computed) : undefined))
}

class SurroundingsScanner {
  readonly imports: ImportExpression[] = []
  readonly metas: Node[] = []
  readonly membersOf = new Map<Node, readonly string[]>()
  readonly typeofOperands = new Set<Node>()
  readonly called = new Set<Node>()
  readonly shorthands = new Set<Node>()
  isModeSensitive = false
  readonly #called: string

  constructor(called: string) {
    this.#called = called
  }

  visit(node: AnyNode, context: Context): void {
    switch (node.type) {
      case 'ThisExpression':
        if (!context.hasThis) throw this.#outer('this')
        this.isModeSensitive = true
        return
      case 'Super':
        if (!context.hasSuper) throw this.#outer('super')
        return
      case 'MetaProperty':
        if (node.meta.name === 'import') this.metas.push(node)
        else if (!context.hasNewTarget) throw this.#outer('new.target')
        return
      case 'PrivateIdentifier':
        if (!context.privateNames.has(node.name)) throw this.#outer(`#${node.name}`)
        return
      case 'WithStatement':
        throw this.#refuse('uses a with statement, so millrace cannot tell which variables it uses', undefined)
      case 'CallExpression':
        this.called.add(node.callee)
        // With ?. the call is indirect, and sees no variables.
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval' && !node.optional) {
          throw this.#refuse(
            'calls eval directly, so millrace cannot tell which variables it uses: use (0, eval)(...)',
            'eval'
          )
        }
        break
      case 'Identifier':
        if (node.name === 'arguments') this.isModeSensitive = true
        return
      case 'AssignmentExpression':
        if (node.left.type !== 'Identifier') this.isModeSensitive = true
        break
      case 'UpdateExpression':
        if (node.argument.type !== 'Identifier') this.isModeSensitive = true
        break
      case 'UnaryExpression':
        if (node.operator === 'delete') this.isModeSensitive = true
        if (node.operator === 'typeof' && node.argument.type === 'Identifier') this.typeofOperands.add(node.argument)
        break
      case 'MemberExpression':
        this.#noteMembers(node.object, [fixedName(node.property, node.computed)])
        break
      case 'ExpressionStatement':
        // Only as a statement, because the value of such an assignment is the whole object.
        if (node.expression.type === 'AssignmentExpression' && node.expression.operator === '=') {
          this.#noteMembers(node.expression.right, namesTaken(node.expression.left))
        }
        break
      case 'VariableDeclarator':
        this.#noteMembers(node.init, namesTaken(node.id))
        break
      case 'TaggedTemplateExpression':
        this.called.add(node.tag)
        break
      case 'ImportExpression':
        this.imports.push(node)
        break
      case 'FunctionDeclaration':
        // The name of a function in a block is visible in different places in strict and in sloppy code.
        this.isModeSensitive = true
        return this.#children(node, { ...context, ...OWN, hasSuper: false })
      case 'FunctionExpression':
        return this.#children(node, { ...context, ...OWN, hasSuper: false })
      case 'ClassDeclaration':
      case 'ClassExpression': {
        const declared = node.body.body.flatMap((member) =>
          'key' in member && member.key.type === 'PrivateIdentifier' ? [member.key.name] : []
        )
        return this.#children(node, { ...context, privateNames: new Set([...context.privateNames, ...declared]) })
      }
      case 'StaticBlock':
        return this.#children(node, { ...context, ...OWN })
      case 'Property':
      case 'MethodDefinition':
      case 'PropertyDefinition':
        return this.#member(node, context)
    }
    this.#children(node, context)
  }

  #noteMembers(holder: AnyNode | null | undefined, names: readonly (string | undefined)[]): void {
    const known = names.filter((name) => name !== undefined)
    if (holder?.type === 'Identifier' && known.length > 0 && known.length === names.length) {
      this.membersOf.set(holder, known)
    }
  }

  #member(
    node: Extract<AnyNode, { type: 'Property' | 'MethodDefinition' | 'PropertyDefinition' }>,
    context: Context
  ): void {
    // The name is evaluated outside the member. A private name is a declaration here.
    if (node.key.type !== 'PrivateIdentifier') this.visit(node.key, context)
    if (!isNode(node.value)) return
    if (node.type === 'Property' && node.shorthand) this.shorthands.add(node.value)
    const isMethod =
      node.type === 'MethodDefinition' || (node.type === 'Property' && (node.method || node.kind !== 'init'))
    if (isMethod) this.#children(node.value, { ...context, ...OWN })
    else this.visit(node.value, node.type === 'PropertyDefinition' ? { ...context, ...OWN } : context)
  }

  #children(node: AnyNode, context: Context): void {
    for (const child of Object.values(node) as unknown[]) {
      if (Array.isArray(child)) {
        for (const element of child as unknown[]) if (isNode(element)) this.visit(element, context)
      } else if (isNode(child)) this.visit(child, context)
    }
  }

  #outer(name: string): TaskFunctionError {
    return this.#refuse(`uses ${name} of the code around it, which cannot be sent`, name)
  }

  #refuse(reason: string, variable: string | undefined): TaskFunctionError {
    return new TaskFunctionError(`${this.#called} ${reason}`, { variable })
  }
}

/**
 * Walks through a function.
 * @throws TaskFunctionError if it uses a direct `eval`, a `with` statement, or `this`, `super`, `new.target` or a private name of the
 *   surrounding code
 */
export function scanSurroundings(parsed: ParsedFunction, called: string): Surroundings {
  const scanner = new SurroundingsScanner(called)
  scanner.visit(parsed.node, { hasThis: false, hasNewTarget: false, hasSuper: false, privateNames: new Set() })
  return scanner
}
