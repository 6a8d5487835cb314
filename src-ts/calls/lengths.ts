import { types } from 'node:util'

import { Map, Math, Number, Object, Reflect, Set, Uint8Array } from '../primordials.js'

const typedArrayLength = getterOf(Object.getPrototypeOf(Uint8Array.prototype), 'length')
const setSize = getterOf(Set.prototype, 'size')
const mapSize = getterOf(Map.prototype, 'size')

/** The length of an array or a typed array, read as the language reads it. A Proxy or a user's class may return anything. */
export function lengthOf(list: ArrayLike<unknown>): number {
  if (types.isTypedArray(list)) return Reflect.apply(typedArrayLength, list, []) as number
  // A symbol throws here, as it does in the language.
  const length = Math.trunc(toNumber(list.length))
  return length > 0 ? Math.min(length, Number.MAX_SAFE_INTEGER) : 0
}

/** The number of items, if it is known before they are taken. */
export function sizeOf(items: unknown): number | undefined {
  if (types.isSet(items)) return Reflect.apply(setSize, items, []) as number
  if (types.isMap(items)) return Reflect.apply(mapSize, items, []) as number
  return undefined
}

function toNumber(value: unknown): number {
  return +(value as number)
}

function getterOf(prototype: object, key: string): () => unknown {
  return Object.getOwnPropertyDescriptor(prototype, key)?.get ?? (() => 0)
}
