import type { ClassExpression } from 'acorn'
import { Object, Set, String } from '../primordials.js'
import type { Anatomy } from './anatomy.js'

/** A property that a function or class got beside its text, such as a static that a transpiler assigns. */
export interface AddedProperty {
  readonly on: 'itself' | 'prototype'
  readonly key: string
  readonly descriptor: PropertyDescriptor
}

const STANDARD = new Set(['length', 'name', 'prototype', 'arguments', 'caller', 'constructor'])

/** Names that the body of a class declares; undefined where it computes one. */
function declaredIn({ body }: ClassExpression, isStatic: boolean): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  for (const member of body.body) {
    if (member.type === 'StaticBlock') {
      // It may add anything, and does so again in the worker.
      if (isStatic) return undefined
      continue
    }
    if (member.static !== isStatic || member.key.type === 'PrivateIdentifier') continue
    if (member.computed) return undefined
    names.add(
      member.key.type === 'Identifier' ? member.key.name : member.key.type === 'Literal' ? String(member.key.value) : ''
    )
  }
  return names
}

function collect(holder: object, on: AddedProperty['on'], known: ReadonlySet<string>): AddedProperty[] {
  return Object.entries(Object.getOwnPropertyDescriptors(holder))
    .filter(([key]) => !STANDARD.has(key) && !known.has(key))
    .map(([key, descriptor]) => ({ on, key, descriptor }))
}

/** What was put on a function and its prototype since its text was evaluated. */
export function addedProperties(fn: object, { parsed }: Anatomy): readonly AddedProperty[] {
  const none = new Set<string>()
  const onItself = parsed.form === 'class' ? declaredIn(parsed.node, true) : none
  const onPrototype = parsed.form === 'class' ? declaredIn(parsed.node, false) : none
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  return [
    ...(onItself === undefined ? [] : collect(fn, 'itself', onItself)),
    ...(onPrototype === undefined || typeof prototype !== 'object' || prototype === null
      ? []
      : collect(prototype, 'prototype', onPrototype))
  ]
}
