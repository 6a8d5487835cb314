import { brandOf, OPTION_BRAND, poolErrorClass, setBrand, withoutStack } from '../errors/index.js'
import {
  AggregateError,
  DOMException,
  Error,
  EvalError,
  Map,
  Object,
  RangeError,
  ReferenceError,
  Reflect,
  Symbol,
  SyntaxError,
  TypeError,
  URIError,
  globalObject
} from '../primordials.js'
import { classNameOf } from './host-objects.js'
import { damaged } from './reader.js'

/** A class of errors, by the name that both processes use. */
export interface ErrorClass {
  readonly name: string
  readonly prototype: object
}

const standard = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError]
const plainError: ErrorClass = { name: 'Error', prototype: Error.prototype }
// As they were when the library was loaded, because a program may replace these globals.
const byName = new Map<string, ErrorClass>(standard.map(({ name, prototype }) => [name, { name, prototype }]))
const byPrototype = new Map([...byName.values()].map((errorClass) => [errorClass.prototype, errorClass]))
/** Sent instead of a class name, for an error of the library. */
const LIBRARY = 'millrace:'

function chainOf(error: object): object[] {
  const chain: object[] = []
  let at: unknown = Object.getPrototypeOf(error)
  for (; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at)) chain.push(at)
  return chain
}

function isClassName(name: string): boolean {
  return /^\w*(?:Error|Exception)$/.test(name)
}

/**
 * A class of errors that this process has as a global, such as `SuppressedError`. Classes newer than this library are found too. Other
 * globals are not touched, because reading one may run a getter.
 */
function globalClass(name: string): ErrorClass | undefined {
  if (!isClassName(name) || !Object.hasOwn(globalObject, name)) return undefined
  try {
    const found: unknown = Reflect.get(globalObject, name)
    if (typeof found !== 'function') return undefined
    const prototype: unknown = Object.getOwnPropertyDescriptor(found, 'prototype')?.value
    if (typeof prototype !== 'object' || prototype === null) return undefined
    return chainOf(prototype).includes(Error.prototype) ? { name, prototype } : undefined
  } catch {
    // The getter of a program.
    return undefined
  }
}

/** Whether this is the prototype of `DOMException`, here or in another realm. */
function isDomException(prototype: object): boolean {
  return Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value === 'DOMException'
}

function prototypeOf(brand: string): object | undefined {
  return poolErrorClass(brand)?.prototype
}

/** The nearest class in the error's prototype chain that another process has: a global one, or one of the library. */
export function nearestClass(error: object): ErrorClass {
  const chain = chainOf(error)
  const brand = brandOf(error)
  if (brand !== undefined) {
    const builtIn = chain.map((prototype) => byPrototype.get(prototype)).find((found) => found !== undefined)
    if (brand === OPTION_BRAND) return { ...(builtIn ?? plainError), name: LIBRARY + (builtIn ?? plainError).name }
    return { name: LIBRARY + brand, prototype: prototypeOf(brand) ?? Error.prototype }
  }
  for (const prototype of chain) {
    const found = byPrototype.get(prototype)
    if (found !== undefined) return found
    const { name } = classNameOf(prototype)
    if (isDomException(prototype)) return { name: 'DOMException', prototype }
    if (globalClass(name)?.prototype === prototype) return { name, prototype }
  }
  // Another realm (node:vm) has its own classes with the same names.
  for (const prototype of chain) {
    const { name } = classNameOf(prototype)
    const found = byName.get(name) ?? globalClass(name)
    if (found !== undefined) return found
  }
  return plainError
}

/** Whether errors of the class are DOMExceptions, which only their constructor can make. */
export function isDomClass({ prototype }: ErrorClass): boolean {
  return isDomException(prototype) || chainOf(prototype).some(isDomException)
}

/** The values of accessors that a class adds to `DOMException`, such as `quota`. */
export function accessorsOf({ prototype }: ErrorClass): readonly string[] {
  const ancestors = [prototype, ...chainOf(prototype)]
  const own = ancestors.slice(0, ancestors.findIndex(isDomException))
  return own.flatMap((each) =>
    Object.entries(Object.getOwnPropertyDescriptors(each)).flatMap(([key, { get }]) => (get === undefined ? [] : [key]))
  )
}

/** The prototype that an error of this class gets here, and its brand. If this process lacks the class, it is an `Error` of that name. */
function resolve(name: string): { readonly prototype: object; readonly brand?: string; readonly shownName?: string } {
  if (name.startsWith(LIBRARY)) {
    const brand = name.slice(LIBRARY.length)
    const prototype = prototypeOf(brand)
    if (prototype !== undefined) return { prototype, brand }
    const found = byName.get(brand)
    if (found === undefined) throw damaged('an unknown class of errors')
    return { prototype: found.prototype, brand: OPTION_BRAND }
  }
  const found = byName.get(name) ?? globalClass(name)
  if (found === undefined && !isClassName(name)) throw damaged('an unknown class of errors')
  if (found !== undefined && isDomClass(found)) throw damaged('a DOMException without its texts')
  return found ?? { prototype: Error.prototype, shownName: name }
}

/**
 * A real error of the class, without message and stack.
 * @param blank An error without properties, which is used if given.
 * @throws RangeError if no class can have the name
 */
export function makeError(name: unknown, blank: Error | undefined): Error {
  if (typeof name !== 'string') throw damaged('an unknown class of errors')
  const { prototype, brand, shownName } = resolve(name)
  const error = blank ?? withoutStack(() => new Error())
  Reflect.deleteProperty(error, 'stack')
  Object.setPrototypeOf(error, prototype)
  if (brand !== undefined) setBrand(error, brand)
  if (shownName !== undefined)
    Object.defineProperty(error, 'name', { value: shownName, writable: true, configurable: true })
  return error
}

/** A DOMException without a stack. If this process has the class that extends it, it is of that class. */
export function makeDomException(message: string, name: string, className: string): Error {
  const error = withoutStack(() => new DOMException(message, name))
  Reflect.deleteProperty(error, 'stack')
  const found = className === 'DOMException' ? undefined : globalClass(className)
  if (found !== undefined && isDomClass(found)) Object.setPrototypeOf(error, found.prototype)
  return error
}
