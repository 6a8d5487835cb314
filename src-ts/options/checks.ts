import { invalidOption, unknownOption } from '../errors/index.js'
import { Array, Number, Object, Reflect, String } from '../primordials.js'
import type { OptionScope } from './names.js'
import { hintFor } from './unknown-names.js'

/** Options as they were at the call. Own properties only, without those that are undefined. */
export type OptionValues = Readonly<Partial<Record<string, unknown>>>

/**
 * Copies options. Reads each of them once.
 * @param scope The options that exist.
 * @throws TypeError if `options` is not an object or has an option that does not exist
 */
export function copyOptions(options: unknown, scope: OptionScope): OptionValues {
  const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  if (options === undefined) return values
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidOption('type', 'options', options, 'an object')
  }
  for (const key of Reflect.ownKeys(options)) {
    const value: unknown = Reflect.get(options, key)
    if (value === undefined) continue
    if (typeof key === 'symbol') throw unknownOption(String(key), value, scope.names)
    if (!scope.names.includes(key)) throw unknownOption(key, value, scope.names, hintFor(key, scope))
    values[key] = value
  }
  return values
}

/** @throws TypeError if the value is not a number, RangeError if it is not an integer from `min` to `max`. */
export function readInteger(
  values: OptionValues,
  option: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER
): number | undefined {
  const value = values[option]
  if (value === undefined) return undefined
  const allowed = max === Number.MAX_SAFE_INTEGER ? `an integer >= ${min}` : `an integer from ${min} to ${max}`
  if (typeof value !== 'number') throw invalidOption('type', option, value, allowed)
  if (!Number.isSafeInteger(value) || value < min || value > max) throw invalidOption('range', option, value, allowed)
  // Turns -0 into 0.
  return value + 0
}

const LONGEST_MS = 2 ** 31 - 1

/**
 * Reads a time in milliseconds, at most about 24 days. It may have a fraction.
 * @param isZeroFine Whether 0 has a meaning.
 * @throws TypeError if the value is not a number, RangeError if it is out of bounds
 */
export function readMilliseconds(values: OptionValues, option: string, isZeroFine: boolean): number | undefined {
  const value = values[option]
  if (value === undefined) return undefined
  const allowed = `a number of milliseconds ${isZeroFine ? '>=' : '>'} 0, at most ${LONGEST_MS}`
  if (typeof value !== 'number') throw invalidOption('type', option, value, allowed)
  const isInRange = value >= 0 && value <= LONGEST_MS && (value > 0 || isZeroFine)
  if (!isInRange) throw invalidOption('range', option, value, allowed)
  return value + 0
}

/** @throws TypeError if the value is neither true nor false */
export function readBoolean(values: OptionValues, option: string): boolean | undefined {
  const value = values[option]
  if (value === undefined || typeof value === 'boolean') return value
  throw invalidOption('type', option, value, 'true or false')
}

/** @throws TypeError if the value is not a function */
export function readFunction<F extends (...args: never) => unknown>(
  values: OptionValues,
  option: string
): F | undefined {
  const value = values[option]
  if (value === undefined || typeof value === 'function') return value as F | undefined
  throw invalidOption('type', option, value, 'a function')
}

/**
 * Reads the option `context`, an object whose own properties are values for free names.
 * @throws TypeError for anything else, RangeError for a key that cannot be a name
 */
export function readContext(values: OptionValues): Readonly<Record<string, unknown>> | undefined {
  const value = values['context']
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidOption('type', 'context', value, 'an object whose keys are names of variables')
  }
  const context: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol' || !/^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(key)) {
      throw invalidOption('range', 'context', key, 'an object whose keys are names of variables')
    }
    context[key] = Reflect.get(value, key) as unknown
  }
  return context
}

/** @throws TypeError if the value is not an AbortSignal, of this realm or compatible with it */
export function readSignal(values: OptionValues, option: string): AbortSignal | undefined {
  const value = values[option]
  if (value === undefined || isAbortSignal(value)) return value as AbortSignal | undefined
  throw invalidOption('type', option, value, 'an AbortSignal')
}

// Checks the members that are used. There are polyfills, other realms, and objects that inherit from a signal and throw at each use.
function isAbortSignal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  try {
    const { aborted, addEventListener }: { aborted?: unknown; addEventListener?: unknown } = value
    return typeof aborted === 'boolean' && typeof addEventListener === 'function'
  } catch {
    return false
  }
}
