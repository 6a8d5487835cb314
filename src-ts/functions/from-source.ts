import type { Anatomy } from './anatomy.js'
import type { ShippedSource } from './shipped.js'
import { absoluteSpecifier } from './specifiers.js'

/** True where a function's text is all there is to it: it runs the same wherever it is compiled. */
export function isSelfContained({ captured, specifiers, usesMeta }: Anatomy): boolean {
  return (
    captured.length === 0 && !usesMeta && specifiers.every((specifier) => absoluteSpecifier(specifier) !== undefined)
  )
}

/** An expression with the value of the function or class. `key` is for a method, which needs an object around it. */
export function toExpression({ parsed, body, name }: Anatomy): { readonly code: string; readonly columns: number } {
  if (parsed.form === 'expression' || parsed.form === 'class') return { code: `(${body}\n)`, columns: 1 }
  // A method keeps what makes it one (no `prototype`, no `new`) but not its key, which may be private or computed.
  const key = JSON.stringify(name ?? '')
  const { async: isAsync, generator: isGenerator } = parsed.node
  const open = `({${isAsync ? 'async ' : ''}${isGenerator ? '*' : ''}[${key}]`
  const from = parsed.node.start - parsed.offset
  return { code: `${open}${body.slice(from)}\n})[${key}]`, columns: open.length - from }
}

/** Makes a self-contained function ready to travel by its source. */
export function shipSource(anatomy: Anatomy): ShippedSource {
  const { name, length, helpers, globals, parsed } = anatomy
  const { code, columns } = toExpression(anatomy)
  const head = `(function (${helpers.join(', ')}) {${parsed.isStrict ? "'use strict'; " : ''}return `
  return {
    kind: 'source',
    name,
    length,
    code: `${head}${code}})`,
    columnOffset: -(head.length + columns),
    helpers,
    globals
  }
}
