import { Object, Set } from '../../primordials.js'
import type { FunctionAnalysis } from './analysis.js'
import { ClassText } from './class-state.js'

/** A property of a function or class that its text does not make, such as a static that a transpiler assigns. */
export interface AddedProperty {
  readonly on: 'itself' | 'prototype'
  readonly key: string
  readonly descriptor: PropertyDescriptor
}

const STANDARD = new Set(['length', 'name', 'prototype', 'arguments', 'caller', 'constructor'])

function collect(holder: unknown, on: AddedProperty['on'], text: ClassText | undefined): AddedProperty[] {
  if (typeof holder !== 'function' && (typeof holder !== 'object' || holder === null)) return []
  return Object.entries(Object.getOwnPropertyDescriptors(holder))
    .filter(([key, descriptor]) => !STANDARD.has(key) && text?.makes(key, descriptor) !== true)
    .map(([key, descriptor]) => ({ on, key, descriptor }))
}

/** The properties that were added to a function and its prototype, or changed there, since its text was evaluated. */
export function addedProperties(fn: object, { parsed, text }: FunctionAnalysis): readonly AddedProperty[] {
  const textOf = (isStatic: boolean): ClassText | undefined =>
    parsed.form === 'class' ? new ClassText(parsed.node, text, parsed.offset, isStatic) : undefined
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  return [...collect(fn, 'itself', textOf(true)), ...collect(prototype, 'prototype', textOf(false))]
}
