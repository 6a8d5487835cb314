import type { Described } from './anatomy.js'

function ownString(fn: object, key: string): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(fn, key)?.value
  return typeof value === 'string' ? value : undefined
}

function ownCount(fn: object, key: string): number | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(fn, key)?.value
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** What a function's own properties tell, beside its text. */
export function describeFunction(fn: object, text: string): Described {
  // Only sloppy classic functions have `caller`; arrows, methods, classes and async functions never do.
  return { text, name: ownString(fn, 'name'), length: ownCount(fn, 'length'), isSloppy: Object.hasOwn(fn, 'caller') }
}
