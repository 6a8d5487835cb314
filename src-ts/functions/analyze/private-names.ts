import { Object, WeakMap } from '../../primordials.js'
import { constructorOf } from './superclass.js'
import { parseFunction } from './parse.js'
import { callName, isNativeText, sourceOf } from '../refusal/refusals.js'

/** The name of a private member that a class gives to its instances. */
export interface PrivateName {
  readonly className: string
  readonly name: string
}

const known = new WeakMap<object, PrivateName | false>()

function ofClass(constructor: object): PrivateName | undefined {
  let found = known.get(constructor)
  if (found === undefined) {
    found = readClass(constructor) ?? false
    known.set(constructor, found)
  }
  return found === false ? undefined : found
}

function readClass(constructor: object): PrivateName | undefined {
  const text = sourceOf(constructor)
  // Most classes have none, so they are not parsed for it.
  if (isNativeText(text) || !text.startsWith('class') || !text.includes('#')) return undefined
  const named: unknown = Object.getOwnPropertyDescriptor(constructor, 'name')?.value
  const className = typeof named === 'string' && named !== '' ? named : '(anonymous)'
  const parsed = parseFunction(text, false, callName(className))
  if (parsed.form !== 'class') return undefined
  for (const member of parsed.node.body.body) {
    if (member.type === 'StaticBlock' || member.static || member.key.type !== 'PrivateIdentifier') continue
    return { className, name: `#${member.key.name}` }
  }
  return undefined
}

/** The name of a private member of an object, from the classes that it is an instance of. Private members cannot be copied. */
export function privateNameOf(value: object): PrivateName | undefined {
  let at = Object.getPrototypeOf(value) as object | null
  for (; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const owner = constructorOf(at)
    const found = owner === undefined ? undefined : ofClass(owner)
    if (found !== undefined) return found
  }
  return undefined
}
