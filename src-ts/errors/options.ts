import { inspect } from 'node:util'

import { RangeError, TypeError } from '../primordials.js'
import { markAsOwn, OPTION_BRAND, setCode } from './base.js'

function optionError(kind: 'type' | 'range', message: string): TypeError | RangeError {
  const error = kind === 'type' ? new TypeError(message) : new RangeError(message)
  setCode(error, 'ERR_POOL_INVALID_OPTION')
  markAsOwn(error, OPTION_BRAND)
  return error
}

// The value comes from the caller, so its getters and custom inspection are not run, and its text is cut.
function show(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: 2,
      maxArrayLength: 16,
      maxStringLength: 64,
      breakLength: Infinity,
      customInspect: false
    })
    return text.length > 160 ? `${text.slice(0, 160)}...` : text
  } catch {
    return `a value of type ${typeof value}`
  }
}

/**
 * The error for an option with a bad value: `chunkSize must be an integer >= 1, got 0`.
 * @param kind `type` for the wrong kind of value (TypeError), `range` for the right kind out of bounds (RangeError).
 * @param option The option, or the path to a part of it, such as `env.PATH`.
 * @param allowed What is allowed. To be read after "must be".
 */
export function invalidOption(
  kind: 'type' | 'range',
  option: string,
  value: unknown,
  allowed: string
): TypeError | RangeError {
  return optionError(kind, `${option} must be ${allowed}, got ${show(value)}`)
}

/** The same if "must be" does not fit: `cpuIds: CPU IDs cannot be negative, got [ -1 ]`. */
export function invalidOptionBecause(
  kind: 'type' | 'range',
  option: string,
  value: unknown,
  reason: string
): TypeError | RangeError {
  return optionError(kind, `${option}: ${reason}, got ${show(value)}`)
}

/**
 * The error for an option that does not exist:
 * `unknown option 'chunksize' (got 5); did you mean 'chunkSize'? The options are chunkSize, signal`.
 */
export function unknownOption(
  option: string,
  value: unknown,
  known: readonly string[],
  hint?: string
): TypeError | RangeError {
  const list = `options are ${known.join(', ')}`
  const rest = hint === undefined ? `the ${list}` : `${hint}${hint.endsWith('?') ? '' : '.'} The ${list}`
  return optionError('type', `unknown option '${option}' (got ${show(value)}); ${rest}`)
}
