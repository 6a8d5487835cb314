import { Object } from '../../primordials.js'
import { unshippable } from '../refusal/messages.js'
import { isNativeText, sourceOf } from '../refusal/refusals.js'

/** The function whose `prototype` an object is. undefined if there is none. */
export function constructorOf(prototype: object): object | undefined {
  const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof owner !== 'function') return undefined
  return Object.getOwnPropertyDescriptor(owner, 'prototype')?.value === prototype ? owner : undefined
}

/**
 * The constructor whose `prototype` the prototype of a function inherits from. undefined for an ordinary function.
 * @throws TaskFunctionError if it inherits from an object that is not the `prototype` of a constructor
 */
export function prototypeOwner(fn: object, name: string, called: string): object | undefined {
  const own: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  if (typeof own !== 'object' || own === null) return undefined
  const base: unknown = Object.getPrototypeOf(own)
  if (typeof base !== 'object' || base === null || base === Object.prototype) return undefined
  const owner = constructorOf(base)
  if (owner !== undefined) {
    // Functions of another realm inherit from that realm's Object.prototype, and prototypes of generators from an object of the engine.
    const ownName: unknown = Object.getOwnPropertyDescriptor(owner, 'name')?.value
    return isNativeText(sourceOf(owner)) && ownName === 'Object' ? undefined : owner
  }
  const isGenerator = Object.hasOwn(own, 'constructor') === false && Object.hasOwn(base, 'constructor')
  if (isGenerator) return undefined
  throw unshippable(called, `${name}.prototype`, 'an object that inherits from another object', 'write a class')
}
