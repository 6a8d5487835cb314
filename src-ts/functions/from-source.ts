import type { ImportExpression } from 'acorn'
import { TaskFunctionError } from '../errors.js'
import { findFreeNames } from './free-names.js'
import { isPristineGlobal } from './globals.js'
import { importStandIn, isHelper } from './helpers.js'
import { parseFunction, type ParsedFunction } from './parse.js'
import { callName, uncaptured } from './refusals.js'
import type { ShippedSource } from './shipped.js'
import { absoluteSpecifier, unresolvable } from './specifiers.js'
import { survey } from './surroundings.js'

/** What has to be known of a function beside its text. */
export interface Described {
  readonly text: string
  readonly name: string | undefined
  readonly length: number | undefined
  readonly isSloppy: boolean
}

/** The text of an `import('...')` where it is a literal. */
function literalSpecifier({ source }: ImportExpression): string | undefined {
  if (source.type === 'Literal') return typeof source.value === 'string' ? source.value : undefined
  if (source.type === 'TemplateLiteral' && source.expressions.length === 0)
    return source.quasis[0]?.value.cooked ?? undefined
  return undefined
}

function checkImports(imports: readonly ImportExpression[], called: string): void {
  for (const expression of imports) {
    const specifier = literalSpecifier(expression)
    if (specifier !== undefined && absoluteSpecifier(specifier) === undefined) throw unresolvable(called, specifier)
  }
}

/** The text with another name, of the same length, for the keyword of each `import()`. */
function replaceImports(text: string, offset: number, imports: readonly ImportExpression[], name: string): string {
  const inOrder = [...imports].toSorted((a, b) => a.start - b.start)
  let result = ''
  let end = 0
  for (const { start } of inOrder) {
    result += text.slice(end, start - offset) + name
    end = start - offset + 'import'.length
  }
  return result + text.slice(end)
}

function buildScript(
  parsed: ParsedFunction,
  text: string,
  name: string | undefined,
  helpers: readonly string[]
): Pick<ShippedSource, 'code' | 'columnOffset'> {
  const head = `(function (${helpers.join(', ')}) {${parsed.isStrict ? "'use strict'; " : ''}return `
  if (parsed.form === 'expression') return { code: `${head}(${text}\n)})`, columnOffset: -(head.length + 1) }
  // A method keeps what makes it one (no `prototype`, no `new`) but not its key, which may be private or computed.
  const key = JSON.stringify(name ?? '')
  const open = `${head}({${parsed.node.async ? 'async ' : ''}[${key}]`
  const from = parsed.node.start - parsed.offset
  return { code: `${open}${text.slice(from)}\n})[${key}]})`, columnOffset: from - open.length }
}

function analyse({ text, name, length, isSloppy }: Described, called: string): ShippedSource {
  const parsed = parseFunction(text, isSloppy, called)
  const { imports, typeofOperands } = survey(parsed, called)
  checkImports(imports, called)
  const free = findFreeNames(parsed).filter(({ node }) => !typeofOperands.has(node))
  const names = [...new Set(free.map((use) => use.name))]
  const captured = names.filter((used) => !isPristineGlobal(used) && !isHelper(used))
  if (captured.length > 0) throw uncaptured(called, captured)

  const helpers = names.filter(isHelper)
  let body = text
  if (imports.length > 0) {
    const standIn = importStandIn(text)
    helpers.push(standIn)
    body = replaceImports(text, parsed.offset, imports, standIn)
  }
  const globals = names.filter((used) => !isHelper(used))
  return { kind: 'source', name, length, ...buildScript(parsed, body, name, helpers), helpers, globals }
}

/**
 * Makes a function ready to travel by its source.
 * @throws TaskFunctionError for a function that needs more than its source; `variable` names what it needs.
 */
export function shipSource(described: Described): ShippedSource {
  const called = callName(described.name)
  try {
    return analyse(described, called)
  } catch (error) {
    if (error instanceof TaskFunctionError) throw error
    // Expressions nested deeper than the parser's stack, and syntax that it parses and the scope analysis does not know.
    throw new TaskFunctionError(`the source of ${called} cannot be read`, { cause: error })
  }
}
