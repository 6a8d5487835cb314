import { types } from 'node:util'

import { Error, Object, Set, WeakMap, process, globalObject } from '../primordials.js'
import { type Brand, brandOf } from './brands.js'
import { classNameOf, hostKindOf } from './host-objects.js'
import { noteClass } from './lost-classes.js'

// Classes whose objects are recognized by their slots. They are listed by name, so that those of other realms (node:vm) match too.
const brandedNames = new Set(
  `
    Date Map Set RegExp ArrayBuffer SharedArrayBuffer Error Number
    String Boolean BigInt Symbol Promise WeakMap WeakSet
  `
    .trim()
    .split(/\s+/)
)

type Verdict = Exclude<Brand, 'date'> | 'branded' | 'error'

const verdicts = new WeakMap<object, Verdict>()
// Remembers classes whose first object without entries was checked.
const emptyVerdicts = new WeakMap<object, Brand>()

function inheritsError(prototype: object): boolean {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (at === Error.prototype) return true
    if (types.isProxy(at)) return false
  }
  return false
}

function judge(value: object, leaf: object): Verdict {
  if (value === globalObject) return { refused: 'globalThis' }
  if (value === process) return { refused: 'the process object' }
  for (let at: object | null = leaf; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (at === Error.prototype) return 'error'
    // Walking a prototype chain with a Proxy in it would run the traps of the Proxy.
    if (types.isProxy(at)) return { refused: 'an object with a Proxy as its prototype' }
    if (at === Object.prototype) return 'plain'
    // This comes before the host classes. These classes are among them, but a fake one is an ordinary object.
    if (brandedNames.has(classNameOf(at).name)) return 'branded'
    const host = hostKindOf(at)
    // An error class has no data elsewhere, even if a MessagePort may clone it, such as QuotaExceededError.
    if (host !== undefined && !inheritsError(at)) return { refused: host }
  }
  return 'plain'
}

/** How to encode an object that is not a proxy, an array or a view. */
export function kindOf(value: object): Brand {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === Object.prototype) return 'plain'
  if (prototype === null) return types.isModuleNamespaceObject(value) ? brandOf(value) : 'plain'
  let verdict = verdicts.get(prototype)
  if (verdict === undefined) {
    verdict = judge(value, prototype)
    verdicts.set(prototype, verdict)
  }
  if (typeof verdict === 'string') noteClass(prototype)
  return verdict === 'branded' ? brandOf(value) : verdict
}

// V8 tells whether the object is one of its many special ones. The object has no entries, so none of its code runs.
function isSpecial(value: object): boolean {
  const { Serializer } = process.getBuiltinModule('node:v8')
  const serializer = new Serializer()
  try {
    serializer.writeValue(value)
    return false
  } catch {
    return true
  }
}

/** The same for an object without entries, which may have its data in slots. Slots count even under another prototype. */
export function kindOfEmpty(value: object): Brand {
  const brand = brandOf(value)
  const prototype = Object.getPrototypeOf(value) as object | null
  if (brand !== 'plain' || prototype === Object.prototype || prototype === null) return brand
  let verdict = emptyVerdicts.get(prototype)
  if (verdict === undefined) {
    const name = classNameOf(prototype).name || 'object'
    verdict = isSpecial(value) ? { refused: `a host object (${name})` } : 'plain'
    emptyVerdicts.set(prototype, verdict)
  }
  return verdict
}
