import { inspect } from 'node:util'

import { Array } from '../primordials.js'

const INSPECT = { depth: 1, maxStringLength: 60, maxArrayLength: 8, breakLength: Infinity, customInspect: false }
/** The longest text of an item. */
const TEXT_LENGTH = 200

/** Returns the item in one line of at most 200 characters. The arguments of `apply` are in parentheses. It never throws. */
export function describeItem(item: unknown, isApply: boolean): string {
  const isArguments = isApply && Array.isArray(item)
  return shorten(isArguments ? `(${Array.from(item, show).join(', ')})` : show(item), TEXT_LENGTH)
}

/** Cuts a text to at most `length` characters. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}

function show(value: unknown): string {
  try {
    return inspect(value, INSPECT).replaceAll(/\s*\n\s*/g, ' ')
  } catch {
    return `a value of type ${typeof value}`
  }
}
