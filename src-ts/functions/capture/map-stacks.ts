import { types } from 'node:util'
import { Array, DOMException, Object, Set } from '../../primordials.js'
import { textLocation } from './text-location.js'
import { labelOf } from '../stacks/located-code.js'
import { showPlace, showStack } from '../stacks/stacks.js'

function showOwn(stack: string, fn: object): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value
  const label = labelOf(typeof name === 'string' ? name : undefined)
  if (!stack.includes(label)) return stack
  const found = textLocation(fn)
  if (found === undefined) return stack
  const { script, start } = found
  return stack.replaceAll(
    /^(\s+at .*?)(millrace:[\w$.-]+):(\d+):(\d+)(?=\)?$)/gm,
    (frame: string, before: string, named: string, line: string, column: string) => {
      if (named !== label) return frame
      const from = line === '1' ? start.column : 0
      return before + showPlace(script.frameName, start.line + +line, from + +column)
    }
  )
}

/** A longer chain of errors that refer to each other is left unchanged. */
const MOST_ERRORS = 100

/**
 * Maps the stacks of an error from a worker, and of the errors that it refers to, to the locations that stacks of this process name.
 * @param fn The function of the call.
 */
export function mapStacks(error: unknown, fn: unknown): void {
  const errors = new Set([error])
  for (const each of errors) {
    // A DOMException of Node 20 is not a native error.
    if (!types.isNativeError(each) && !(each instanceof DOMException)) continue
    const { stack, cause, errors: others }: { stack?: unknown; cause?: unknown; errors?: unknown } = each
    if (typeof stack === 'string') {
      const shown = showStack(stack)
      const value = typeof fn === 'function' ? showOwn(shown, fn) : shown
      if (value !== stack) Object.defineProperty(each, 'stack', { value })
    }
    if (errors.size >= MOST_ERRORS) continue
    for (const other of Array.isArray(others) ? [cause, ...(others as unknown[])] : [cause]) errors.add(other)
  }
}
