import type { AnyNode, ArrowFunctionExpression, ClassExpression, FunctionExpression, Program } from 'acorn'
import { TaskFunctionError } from '../../errors/index.js'
import { parse } from './parser.js'

/** The node of the function, and what is needed to build a script from its text. */
export type ParsedFunction = Found & ParsedText

interface ParsedText {
  /** The text inside an ordinary function, whose `this` and `arguments` stand for those around the text. */
  readonly program: Program
  readonly isStrict: boolean
  /** The offset of the text in the program. It has to be subtracted from a node's `start`. */
  readonly offset: number
}

type Found =
  | { readonly node: ClassExpression; readonly form: 'class' }
  | { readonly node: ArrowFunctionExpression; readonly form: 'expression' }
  /** Methods (`f(x) {}`, `['a b'](x) {}`, `#f(x) {}`) and accessors (`get f() {}`) are not expressions. They need an object around them. */
  | { readonly node: FunctionExpression; readonly form: 'expression' | 'method' | 'get' | 'set' }

interface Wrapping {
  readonly open: string
  readonly close: string
}

// A method of a class may have a private name.
const WRAPPINGS: readonly Wrapping[] = [
  { open: '(', close: '\n)' },
  { open: '({', close: '\n})' },
  { open: '(class {', close: '\n})' }
]

function parseProgram(code: string): Program {
  return parse(code, {
    ecmaVersion: 'latest',
    // The scope analysis reads the ranges.
    ranges: true,
    // References to the surrounding code are allowed here and refused by name later.
    allowImportExportEverywhere: true,
    allowSuperOutsideMethod: true,
    checkPrivateFields: false
  })
}

function unwrap(program: Program): AnyNode | undefined | null {
  const statement = program.body[0]
  const wrapper = statement?.type === 'ExpressionStatement' ? statement.expression : undefined
  const last = wrapper?.type === 'FunctionExpression' ? wrapper.body.body.at(-1) : undefined
  return last?.type === 'ReturnStatement' ? last.argument : undefined
}

function findFunction(program: Program, isWrapping: boolean): Found | undefined {
  const value = unwrap(program)
  if (value?.type === 'ArrowFunctionExpression') return { node: value, form: 'expression' }
  if (value?.type === 'FunctionExpression') return { node: value, form: 'expression' }
  if (value?.type === 'ClassExpression' && !isWrapping) return { node: value, form: 'class' }
  const members =
    value?.type === 'ObjectExpression' ? value.properties : value?.type === 'ClassExpression' ? classBody(value) : []
  const member = members.length === 1 ? members[0] : undefined
  if (member?.type !== 'Property' && member?.type !== 'MethodDefinition') return undefined
  if (member.value.type !== 'FunctionExpression') return undefined
  return { node: member.value, form: member.kind === 'get' || member.kind === 'set' ? member.kind : 'method' }
}

function classBody(node: ClassExpression): ClassExpression['body']['body'] {
  return node.body.body
}

/**
 * Parses the source of one function.
 * @param text The result of `Function.prototype.toString`.
 * @param isSloppy Whether the function is known to be sloppy. Other functions are parsed as strict code first.
 * @throws TaskFunctionError for a text that cannot be parsed
 */
export function parseFunction(text: string, isSloppy: boolean, called: string): ParsedFunction {
  let failure: unknown
  for (const isStrict of isSloppy ? [false] : [true, false]) {
    for (const { open, close } of WRAPPINGS) {
      const before = `(function () {${isStrict ? "'use strict'; " : ''}return ${open}`
      let program: Program
      try {
        program = parseProgram(`${before}${text}${close}})`)
      } catch (error) {
        // The parser itself is missing.
        if (error instanceof TaskFunctionError) throw error
        failure ??= error
        continue
      }
      const found = findFunction(program, open !== '(')
      if (found !== undefined) return { ...found, program, isStrict, offset: before.length }
    }
  }
  throw new TaskFunctionError(`the source of ${called} cannot be read`, { cause: failure })
}
