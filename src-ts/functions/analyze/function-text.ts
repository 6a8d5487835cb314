import { types } from 'node:util'
import { Function, Number, Object } from '../../primordials.js'
import type { FunctionText } from '../capture/analysis.js'

function ownString(fn: object, key: string): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(fn, key)?.value
  return typeof value === 'string' ? value : undefined
}

function ownCount(fn: object, key: string): number | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(fn, key)?.value
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

const callerOf = Object.getOwnPropertyDescriptor(Function.prototype, 'caller')?.get

/** Whether a function is sloppy, as far as it tells. Only functions that are written with `function`, not async and not generators, tell. */
function modeOf(fn: object, text: string): FunctionText['mode'] {
  if (!text.startsWith('function') || !Object.hasOwn(fn, 'prototype') || types.isGeneratorFunction(fn)) return undefined
  if (Object.hasOwn(fn, 'caller')) return 'sloppy'
  try {
    // Newer engines have no such property on each function, but still refuse it for strict ones.
    callerOf?.call(fn)
    return callerOf === undefined ? undefined : 'sloppy'
  } catch {
    return 'strict'
  }
}

/** What the properties of a function tell about it, beside its text. */
export function describeFunction(fn: object, text: string): FunctionText {
  return { text, name: ownString(fn, 'name'), length: ownCount(fn, 'length'), mode: modeOf(fn, text) }
}
