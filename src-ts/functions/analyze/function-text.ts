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

/** What a function tells of itself: only those written with `function`, neither async nor generators, do. */
function modeOf(fn: object, text: string): FunctionText['mode'] {
  if (!text.startsWith('function') || !Object.hasOwn(fn, 'prototype') || types.isGeneratorFunction(fn)) return undefined
  if (Object.hasOwn(fn, 'caller')) return 'sloppy'
  try {
    // Newer engines have no such property of each function, but go on to refuse it for strict ones.
    callerOf?.call(fn)
    return callerOf === undefined ? undefined : 'sloppy'
  } catch {
    return 'strict'
  }
}

/** What a function's own properties tell, beside its text. */
export function describeFunction(fn: object, text: string): FunctionText {
  return { text, name: ownString(fn, 'name'), length: ownCount(fn, 'length'), mode: modeOf(fn, text) }
}
