import { poolErrorClasses } from '../errors.js'
import {
  AggregateError,
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
  URIError
} from '../primordials.js'
import { classNameOf } from './host-objects.js'
import { torn } from './reader.js'

/** A class of errors that parent and worker both have. */
export interface ErrorClass {
  readonly name: string
  readonly prototype: object
}

const builtInErrors = new Map<string, new (message?: string) => Error>([
  ['Error', Error],
  ['EvalError', EvalError],
  ['RangeError', RangeError],
  ['ReferenceError', ReferenceError],
  ['SyntaxError', SyntaxError],
  ['TypeError', TypeError],
  ['URIError', URIError]
])

const classes: readonly ErrorClass[] = [
  ...[...builtInErrors].map(([name, { prototype }]) => ({ name, prototype: prototype as object })),
  { name: 'AggregateError', prototype: AggregateError.prototype },
  ...Object.entries(poolErrorClasses).map(([name, { prototype }]) => ({ name, prototype: prototype as object }))
]
const byPrototype = new Map(classes.map((errorClass) => [errorClass.prototype, errorClass]))
const byName = new Map(classes.map((errorClass) => [errorClass.name, errorClass]))
const plainError: ErrorClass = { name: 'Error', prototype: Error.prototype }

function chainOf(error: object): object[] {
  const chain: object[] = []
  let at: unknown = Object.getPrototypeOf(error)
  for (; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at)) chain.push(at)
  return chain
}

// The worker is a bundle with classes of its own; those of the package that a task imports are known by name and code.
function classOfOtherCopy(error: object, prototype: object): ErrorClass | undefined {
  const code: unknown = Object.getOwnPropertyDescriptor(error, 'code')?.value
  if (typeof code !== 'string' || !code.startsWith('ERR_POOL_')) return undefined
  const { name } = classNameOf(prototype)
  return Object.hasOwn(poolErrorClasses, name) ? byName.get(name) : undefined
}

/** The nearest class in the error's chain that can be made again: a built-in one, or one of the library. */
export function nearestClass(error: object): ErrorClass {
  const chain = chainOf(error)
  for (const prototype of chain) {
    const found = byPrototype.get(prototype) ?? classOfOtherCopy(error, prototype)
    if (found !== undefined) return found
    const isDomException = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value === 'DOMException'
    if (isDomException) return { name: 'DOMException', prototype }
  }
  // Another realm (node:vm) has classes of its own with the same names.
  for (const prototype of chain) {
    const found = byName.get(classNameOf(prototype).name)
    if (found !== undefined) return found
  }
  return plainError
}

/**
 * A real error of the class, with neither message nor stack.
 * @throws RangeError where no class has the name.
 */
export function makeError(name: unknown): Error {
  const found = typeof name === 'string' ? byName.get(name) : undefined
  if (found === undefined) throw torn('an unknown class of errors')
  const error = new (builtInErrors.get(found.name) ?? Error)()
  Reflect.deleteProperty(error, 'stack')
  return Object.setPrototypeOf(error, found.prototype) as Error
}
