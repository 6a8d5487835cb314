import { JSON } from '../../primordials.js'
import type { FunctionAnalysis } from '../capture/analysis.js'
import type { ShippedSource } from './shipped.js'
import { absoluteSpecifier } from '../reference/specifiers.js'

/** Whether the meaning of a function's text does not depend on its location. */
export function isPlaceless({ captured, specifiers, usesMeta }: FunctionAnalysis): boolean {
  return (
    captured.length === 0 && !usesMeta && specifiers.every((specifier) => absoluteSpecifier(specifier) !== undefined)
  )
}

/** Whether a function's text is complete, so that it runs the same wherever it is compiled. */
export function isSelfContained(analysis: FunctionAnalysis): boolean {
  // A specifier that is only known at run time may be relative to the function's file.
  return isPlaceless(analysis) && !analysis.importsAny
}

/** An expression with the value of a function or class: `open`, `text` and `close`. After `open` a line may end. */
export interface Expression {
  readonly open: string
  readonly text: string
  readonly close: string
  /** The number of characters of the function's own text before `text`. */
  readonly skipped: number
}

/** Makes an expression of a function or class. */
export function toExpression({ parsed, body, name }: FunctionAnalysis): Expression {
  if (parsed.form === 'class' || parsed.form === 'expression')
    return { open: '(', text: body, close: '\n)', skipped: 0 }
  // A method needs an object around it. It stays a method (no `prototype`, no `new`) but loses its key, which may be private or computed.
  const key = JSON.stringify(name ?? '')
  if (parsed.form !== 'method') {
    const open = `({${parsed.form} [${key}]`
    const skipped = parsed.node.start - parsed.offset
    return {
      open,
      text: body.slice(skipped),
      close: `\n}).__lookup${parsed.form === 'get' ? 'G' : 'S'}etter__(${key})`,
      skipped
    }
  }
  const { async: isAsync, generator: isGenerator } = parsed.node
  const open = `({${isAsync ? 'async ' : ''}${isGenerator ? '*' : ''}[${key}]`
  const skipped = parsed.node.start - parsed.offset
  return { open, text: body.slice(skipped), close: `\n})[${key}]`, skipped }
}

/** Makes the definition of a self-contained function from its source. */
export function shipSource(analysis: FunctionAnalysis): ShippedSource {
  const { name, length, helpers, parsed, used } = analysis
  const { open, text, close, skipped } = toExpression(analysis)
  const head = `(function (${helpers.join(', ')}) {${parsed.isStrict ? "'use strict'; " : ''}return `
  return {
    kind: 'source',
    name,
    length,
    code: `${head}${open}${text}${close}})`,
    columnOffset: skipped - head.length - open.length,
    helpers,
    globals: analysis.globals.filter((global) => used.has(global))
  }
}
