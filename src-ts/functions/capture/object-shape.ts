import { types } from 'node:util'
import { classNameOf, kindOf, kindOfEmpty } from '../../codec/index.js'
import { Array, Buffer, Map, Object, Reflect, WeakMap, isView } from '../../primordials.js'
import { unsendable } from '../refusal/messages.js'
import type { ObjectPlan } from '../ship/graph.js'
import { constructorOf } from '../analyze/superclass.js'
import { isNativeText, sourceOf } from '../refusal/refusals.js'

/** The kind of an object by its internal data. Properties of an `opaque` object are not read. */
export type ObjectKind = ObjectPlan['kind'] | 'opaque'

/** Why an object cannot be sent. */
export interface Refused {
  readonly what: string
  readonly instead: string
}

const MAKE = 'make it inside the function'

/** The kind of an object, or why it cannot be sent. Runs no code of the program. */
export function kindOfObject(value: object): ObjectKind | Refused {
  if (typeof value === 'function') return 'bound'
  const refusal = unsendable(value)
  if (refusal !== undefined) return { what: refusal[0], instead: refusal[1] }
  if (Array.isArray(value)) return 'array'
  if (isView(value)) return 'opaque'
  let brand = kindOf(value)
  if (brand === 'plain' && Reflect.ownKeys(value).length === 0) brand = kindOfEmpty(value)
  if (typeof brand === 'object') return { what: describeHost(value, brand.refused), instead: MAKE }
  switch (brand) {
    case 'map':
    case 'set':
      return brand
    case 'buffer':
    case 'boxed':
      return 'opaque'
    case 'error':
      return types.isNativeError(value) ? 'error' : 'object'
    case 'date':
    case 'regexp':
      return 'copy'
    default:
      return 'object'
  }
}

function describeHost(value: object, host: string): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  const { name } = typeof prototype === 'object' && prototype !== null ? classNameOf(prototype) : { name: '' }
  const kind = host === 'a Stream' ? 'a stream' : host
  return name === '' || kind.endsWith(` ${name}`) ? kind : `${kind} (${name})`
}

const NATIVE_NAMES: Readonly<Record<ObjectKind, RegExp>> = {
  object: /^Object$/,
  array: /^Array$/,
  map: /^Map$/,
  set: /^Set$/,
  error: /Error$/,
  copy: /./,
  bound: /./,
  opaque: /./
}

function isStandard(kind: ObjectKind, owner: object | undefined): boolean {
  // These classes are written in JavaScript by Node.
  if (owner === Buffer) return kind === 'opaque'
  const name: unknown = owner === undefined ? undefined : Object.getOwnPropertyDescriptor(owner, 'name')?.value
  // Objects of another realm count as well, because the codec recreates them with the worker's classes.
  return (
    owner !== undefined && typeof name === 'string' && NATIVE_NAMES[kind].test(name) && isNativeText(sourceOf(owner))
  )
}

/** The origin of an object's prototype: the language, a class, or an object that is no function's `prototype`. */
export type Origin = 'standard' | 'object' | { readonly constructor: object }

const origins = new WeakMap<object, Map<ObjectKind, Origin>>()

/** The origin of the prototype of an object of this kind. */
export function originOf(kind: ObjectKind, prototype: object): Origin {
  let known = origins.get(prototype)
  if (known === undefined) origins.set(prototype, (known = new Map()))
  let origin = known.get(kind)
  if (origin === undefined) {
    const owner = constructorOf(prototype)
    if (isStandard(kind, owner)) origin = 'standard'
    else origin = owner === undefined ? 'object' : { constructor: owner }
    known.set(kind, origin)
  }
  return origin
}
