import { types } from 'node:util'

import { Map } from '../primordials.js'

/** The kind of a value by its internal slots, which no prototype can fake. A value without slots is `plain`. */
export type Brand =
  'plain' | 'date' | 'map' | 'set' | 'regexp' | 'error' | 'boxed' | 'buffer' | { readonly refused: string }

const refusedBrands: readonly (readonly [(value: unknown) => boolean, string])[] = [
  [types.isPromise, 'a Promise'],
  [types.isWeakMap, 'a WeakMap'],
  [types.isWeakSet, 'a WeakSet'],
  [types.isSharedArrayBuffer, 'a SharedArrayBuffer'],
  [types.isGeneratorObject, 'a generator'],
  [types.isMapIterator, 'an iterator'],
  [types.isSetIterator, 'an iterator'],
  [types.isSymbolObject, 'a symbol'],
  [types.isModuleNamespaceObject, 'a module namespace'],
  [types.isExternal, 'a native handle']
]

const refused = new Map(refusedBrands.map(([, what]) => [what, { refused: what }]))

/** The brand of an object that is neither an array nor a view. */
export function brandOf(value: object): Brand {
  if (types.isDate(value)) return 'date'
  if (types.isMap(value)) return 'map'
  if (types.isSet(value)) return 'set'
  if (types.isNativeError(value)) return 'error'
  if (types.isRegExp(value)) return 'regexp'
  if (types.isArrayBuffer(value)) return 'buffer'
  for (const [isBrand, what] of refusedBrands) if (isBrand(value)) return refused.get(what) ?? 'plain'
  return types.isBoxedPrimitive(value) ? 'boxed' : 'plain'
}
