import { types } from 'node:util'

import { NotSerializableError } from '../errors/index.js'
import { JSON, RangeError, String } from '../primordials.js'

// The two ends of a path of thousands of steps tell as much as the whole path.
const SHOWN_STEPS = 12
const SHOWN_KEY = 60

/**
 * Says why a value cannot be encoded. It is thrown out through the containers, and each adds its step to the path. The message itself is
 * only seen if bytes are written without a value.
 */
export class Refusal extends NotSerializableError {
  readonly what: string
  readonly #steps: string[] = []

  /** @param what The kind of value, such as `a function`. */
  constructor(what: string) {
    super('message', what)
    this.what = what
  }

  addStep(step: string): void {
    this.#steps.push(step)
  }

  /** The public error. `root` is the start of the path. */
  toError(root: string): NotSerializableError {
    const steps = this.#steps.toReversed()
    if (steps.length > 2 * SHOWN_STEPS) steps.splice(SHOWN_STEPS, steps.length - 2 * SHOWN_STEPS, '…')
    return new NotSerializableError(root + steps.join(''), this.what)
  }
}

// Recognized by its message, because users throw RangeErrors too.
function isStackOverflow(error: unknown): boolean {
  return (
    types.isNativeError(error) && error instanceof RangeError && error.message === 'Maximum call stack size exceeded'
  )
}

/**
 * What to throw on when an error has come from one step of a container. A refusal gets that step, a stack overflow becomes a refusal, and
 * any other error comes from a getter and stays unchanged.
 */
export function within(error: unknown, step: (at: unknown) => string, at: unknown): unknown {
  const refusal = isStackOverflow(error) ? new Refusal('nested too deeply') : error
  if (isRefusal(refusal)) refusal.addStep(step(at))
  return refusal
}

/** Whether it is a refusal. A getter may throw a Proxy, whose traps must not run. */
export function isRefusal(error: unknown): error is Refusal {
  return types.isNativeError(error) && error instanceof Refusal
}

function shortened(text: string): string {
  return text.length > SHOWN_KEY ? `${text.slice(0, SHOWN_KEY)}…` : text
}

/** `.name`, or `["odd name"]`. */
export function propertyStep(key: unknown): string {
  const text = shortened(String(key))
  return /^[\p{ID_Start}$_][\p{ID_Continue}$\u2026]*$/u.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`
}

/** `[3]` */
export function elementStep(index: unknown): string {
  return `[${String(index)}]`
}

/** `.values[3]`, of a Set. */
export function memberStep(index: unknown): string {
  return `.values[${String(index)}]`
}

/** The step to a key or a value of a Map: `.keys[3]` or `.get("a")`. If the key is an object, the step to its value is `.get(keys[3])`. */
export function entryStep(entries: readonly unknown[], position: number): string {
  const index = position >> 1
  if (position % 2 === 0) return `.keys[${index}]`
  const key = entries[position - 1]
  if (typeof key === 'string') return `.get(${JSON.stringify(shortened(key))})`
  if (typeof key === 'bigint') return `.get(${shortened(`${key}n`)})`
  const isPrimitive = key === null || (typeof key !== 'object' && typeof key !== 'function')
  return isPrimitive ? `.get(${String(key)})` : `.get(keys[${index}])`
}
