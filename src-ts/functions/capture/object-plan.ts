import { Object } from '../../primordials.js'
import type { ObjectPlan, PlannedProperty, Slot } from '../ship/graph.js'
import { describeProperty, entriesOf, keysOf, type Met } from './object-walk.js'

/** The integrity level of an object: what cannot be changed about it. */
export function integrityOf({ kind, value }: Met): ObjectPlan['integrity'] {
  if (kind === 'opaque' || kind === 'bound' || Object.isExtensible(value)) return undefined
  if (Object.isFrozen(value)) return 'frozen'
  return Object.isSealed(value) ? 'sealed' : 'fixed'
}

/** Whether the codec keeps the content of an object, so that only its class or integrity has to be set. */
export function isKeptByCodec(
  met: Met,
  integrity: ObjectPlan['integrity'],
  isSpecial: (child: object) => boolean
): boolean {
  if (met.kind === 'error' || met.kind === 'bound') return false
  const isKept = (child: unknown): boolean =>
    typeof child === 'object' && child !== null
      ? !isSpecial(child)
      : typeof child !== 'function' && typeof child !== 'symbol'
  if (!entriesOf(met).every(isKept)) return false
  const keys = keysOf(met)
  if (met.kind !== 'object' && met.kind !== 'array') return keys.length === 0
  return keys.every((key) => {
    const { value, enumerable, writable, configurable, get, set } = describeProperty(met, key) ?? {}
    const isAsUsual =
      (writable === true || integrity === 'frozen') &&
      (configurable === true || integrity === 'frozen' || integrity === 'sealed')
    return (
      typeof key === 'string' &&
      enumerable === true &&
      isAsUsual &&
      get === undefined &&
      set === undefined &&
      isKept(value)
    )
  })
}

/** How a property is sent. Accessors are copied and not run. */
export function planProperty(
  { get, set, value, enumerable, configurable, writable }: PropertyDescriptor,
  slotOf: (value: unknown) => Slot
): Omit<PlannedProperty, 'key'> {
  return {
    isEnumerable: enumerable === true,
    isConfigurable: configurable === true,
    isWritable: writable === true,
    ...(get === undefined && set === undefined ? { value: slotOf(value) } : {}),
    ...(get === undefined ? {} : { get: slotOf(get) }),
    ...(set === undefined ? {} : { set: slotOf(set) })
  }
}
