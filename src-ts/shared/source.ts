import { types } from 'node:util'

import { isOutOfBounds } from '../codec/index.js'
import { invalidOption, invalidOptionBecause } from '../errors/index.js'
import { Array, Number, Symbol, isView } from '../primordials.js'
import type { Kind } from './kinds.js'

/** What an array is made of. */
export type Source =
  | { readonly length: number }
  /** A typed array whose elements the new one can take. */
  | { readonly array: TypedArray }
  /** Numbers, or BigInts. */
  | { readonly elements: readonly unknown[] }

/** The part of a typed array that is needed here. */
export interface TypedArray {
  readonly buffer: ArrayBufferLike
  readonly byteOffset: number
  readonly byteLength: number
  readonly length: number
}

const ALLOWED = 'a length, or a typed array, an array or another iterable of elements'

/** @throws TypeError or RangeError for anything that no array can be made of */
export function readSource(source: unknown, kind: Kind): Source {
  const most = kind.maxLength
  if (typeof source === 'number') {
    if (Number.isSafeInteger(source) && source >= 0 && source <= most) return { length: source + 0 }
    throw invalidOption('range', 'the length', source, `an integer from 0 to ${most}`)
  }
  if (typeof source !== 'object' || source === null) throw invalidOption('type', 'lengthOrSource', source, ALLOWED)
  if (types.isProxy(source)) throw invalidOption('type', 'lengthOrSource', source, `${ALLOWED}, and no Proxy`)
  if (isView(source)) return readView(source, kind)
  if (types.isAnyArrayBuffer(source)) {
    throw invalidOption('type', 'lengthOrSource', source, `${ALLOWED}: pass a typed array over the ArrayBuffer`)
  }
  const elements = Array.isArray(source) ? (source as unknown[]) : listOf(source)
  if (elements.length > most) {
    const reason = `it has ${elements.length} elements, and the array may have ${most}`
    throw invalidOptionBecause('range', 'lengthOrSource', source, reason)
  }
  return { elements: checked(elements, kind) }
}

function readView(view: ArrayBufferView, { name, isBigInt }: Kind): Source {
  if (types.isDataView(view)) throw invalidOption('type', 'lengthOrSource', view, ALLOWED)
  if (isOutOfBounds(view)) {
    throw invalidOptionBecause('type', 'lengthOrSource', view, 'its ArrayBuffer is detached or was shortened')
  }
  const isOfBigInts = types.isBigInt64Array(view) || types.isBigUint64Array(view)
  if (isOfBigInts !== isBigInt) {
    const [has, needs] = isOfBigInts ? ['BigInts', 'numbers'] : ['numbers', 'BigInts']
    throw invalidOptionBecause('type', 'lengthOrSource', view, `it has ${has}, and ${name} needs ${needs}`)
  }
  return { array: view as ArrayBufferView & TypedArray }
}

/** The members of an iterable, which the caller's code yields. */
function listOf(source: object): readonly unknown[] {
  const iterator: unknown = (source as Partial<Iterable<unknown>>)[Symbol.iterator]
  if (typeof iterator !== 'function' || types.isBoxedPrimitive(source)) {
    throw invalidOption('type', 'lengthOrSource', source, ALLOWED)
  }
  return Array.from(source as Iterable<unknown>)
}

/** A copy, in which every element is of the right type. */
function checked(elements: readonly unknown[], { name, isBigInt }: Kind): readonly unknown[] {
  const type = isBigInt ? 'bigint' : 'number'
  // By index, so that a hole is found too.
  return Array.from({ length: elements.length }, (_, index) => {
    const element = elements[index]
    if (typeof element === type) return element
    const needed = isBigInt ? 'a BigInt' : 'a number'
    throw invalidOption('type', `lengthOrSource[${index}]`, element, `${needed}, as ${name} needs`)
  })
}
