import { types } from 'node:util'
import { Array, DOMException, Object, Set, WeakMap } from '../../primordials.js'
import { locate } from './inspector.js'
import { type Script, scriptOf } from './scripts.js'
import type { Position } from '../analyze/positions.js'
import { labelOf } from '../stacks/located-code.js'
import { sourceOf } from '../refusal/refusals.js'
import { showPlace, showStack } from '../stacks/stacks.js'

interface Found {
  readonly script: Script
  readonly start: Position
}

// A function that uses nothing from around it is sent without a lookup. Its location is looked up when it fails.
const places = new WeakMap<object, Found | 'unknown'>()

function findOut(fn: object): Found | 'unknown' {
  try {
    const location = locate(fn)
    const script = location === undefined ? undefined : scriptOf(location.scriptId)
    if (location === undefined || script === undefined || script.frameName === '') return 'unknown'
    const start = script.positionOf(sourceOf(fn), location.line, location.column, 0)
    return start === undefined ? 'unknown' : { script, start }
  } catch {
    // There is no inspector.
    return 'unknown'
  }
}

function showOwn(stack: string, fn: object): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value
  const label = labelOf(typeof name === 'string' ? name : undefined)
  if (!stack.includes(label)) return stack
  let found = places.get(fn)
  if (found === undefined) {
    found = findOut(fn)
    places.set(fn, found)
  }
  if (found === 'unknown') return stack
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
