import { Error, Object, Promise, Reflect, String } from '../primordials.js'
import { takeFresh } from './base.js'
import { moveTaskInfo } from './task-info.js'

/** A function of the public API. Its frame, and the frames of what it calls, are the library's. */
export type Entry = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown)

const { captureStackTrace } = Error
const errorToString = Error.prototype.toString
// captureStackTrace keeps the frames below this function. It is not running, so no frame is kept.
const elsewhere = (): void => undefined
// In Node 20 the property looks like a value, but is an accessor.
const getStack = Object.getOwnPropertyDescriptor(new Error(), 'stack')?.get

function describe(error: Error): string {
  return String(Reflect.apply(errorToString, error, []))
}

let current: Entry | undefined

/** The public function that is running, if any. */
export function currentEntry(): Entry | undefined {
  return current
}

/**
 * Runs the synchronous part of a public function. An error of the library that leaves it gets the stack of the caller. It has no frame
 * of the library, however deep the error was made.
 */
export function atEntry<R>(entry: Entry, act: () => R): R {
  const outer = current
  current = entry
  try {
    return act()
  } catch (error) {
    if (takeFresh(error)) captureStackTrace(error, entry)
    throw error
  } finally {
    current = outer
  }
}

/** The same for a public function that returns a promise. An error that `act` throws rejects it. */
export function promiseAtEntry<R>(
  entry: Entry,
  act: (resolve: (value: R) => void, reject: (error: unknown) => void) => void
): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    atEntry(entry, () => act(resolve, reject))
  })
}

/** Gives an error of the library that is not thrown the stack of the public function's caller. */
export function withCallerStack<E extends Error>(error: E): E {
  if (takeFresh(error)) captureStackTrace(error, current ?? elsewhere)
  return error
}

/** The place where a call of the public API was made, for errors that come after it has returned. */
export class Caller {
  /**
   * An error whose stack was captured at the call. It becomes the first error of the call, because Node shows the location of an
   * unhandled error, which is the caller's then. Node shows no location once the text of the stack was read.
   */
  readonly #site: Error
  #isTaken = false
  #frames: string | undefined

  /** @param entry The public function that runs now. */
  constructor(entry: Entry) {
    this.#site = blanks.pop() ?? makeBlanks()
    captureStackTrace(this.#site, entry)
  }

  /** An error without properties, which becomes the first error of the call. `addFrames` gives it a stack. */
  takeBlank(): Error | undefined {
    // If the stack is not an accessor, its text could not be read later.
    return getStack === undefined ? undefined : this.#take()
  }

  /** Takes back an error that was not used. */
  giveBack(blank: Error | undefined): void {
    if (blank !== undefined) this.#isTaken = false
  }

  /** Corrects the stack of an error that the library has made for this call. Leaves other errors unchanged. */
  withStack(error: unknown): unknown {
    if (!takeFresh(error)) return error
    const blank = this.#take()
    const placed = blank === undefined ? this.#rewrite(error) : transplant(error, blank)
    const { attempts } = error as { readonly attempts?: readonly unknown[] }
    for (const earlier of attempts ?? []) if (takeFresh(earlier)) this.#rewrite(earlier)
    return placed
  }

  /** Gives an error a stack of `head` and the frames of the call. */
  addFrames(error: Error, head: string): Error {
    const text = (): string => (this.#text === '' ? head : `${head}\n${this.#text}`)
    const set = (value: unknown): void => define(error, { value, writable: true })
    let shown: string | undefined
    define(error, getStack === undefined ? { value: text(), writable: true } : { get: () => (shown ??= text()), set })
    return error
  }

  /** The frames, one per line. */
  get #text(): string {
    this.#frames ??= framesOf(this.#site)
    return this.#frames
  }

  #take(): Error | undefined {
    // The text of the stack begins with the message at the time when it was read.
    if (this.#isTaken || this.#frames !== undefined) return undefined
    this.#isTaken = true
    return this.#site
  }

  #rewrite(error: Error): Error {
    // Otherwise Node would show the location where the error was made.
    captureStackTrace(error, elsewhere)
    return this.addFrames(error, describe(error))
  }
}

/** Errors for the next calls. To set the limit of frames twice for each would take a tenth of the time of an `apply`. */
const blanks: Error[] = []
const BLANKS_AT_ONCE = 32

/** Makes errors without frames, and returns one more. */
function makeBlanks(): Error {
  return withoutStack(() => {
    while (blanks.length < BLANKS_AT_ONCE) blanks.push(new Error())
    return new Error()
  })
}

/** Turns `blank` into the error. The engine puts name and message before the frames when the stack is read. */
function transplant(error: Error, blank: Error): Error {
  Object.setPrototypeOf(blank, Object.getPrototypeOf(error) as object)
  for (const key of Reflect.ownKeys(error)) {
    // Reading the stack, or its descriptor, runs an Error.prepareStackTrace of the program.
    const property = key === 'stack' ? undefined : Object.getOwnPropertyDescriptor(error, key)
    if (property !== undefined) Object.defineProperty(blank, key, property)
  }
  moveTaskInfo(error, blank)
  return blank
}

function define(error: Error, stack: PropertyDescriptor): void {
  try {
    Reflect.defineProperty(error, 'stack', { ...stack, configurable: true, enumerable: false })
  } catch {
    // The engine makes the text of the stack first, and the program's Error.prepareStackTrace threw.
  }
}

/**
 * Makes an error without a location. Otherwise Node would show a location inside the library if nobody handles the error. Capturing
 * frames twice would also take twice as long.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error
  const isSet = typeof stackTraceLimit === 'number' && Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    const error = make()
    // Error may be frozen.
    if (!isSet) captureStackTrace(error, elsewhere)
    return error
  } finally {
    if (isSet) Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

function framesOf(site: Error): string {
  try {
    // The program's Error.prepareStackTrace may return anything.
    const stack: unknown = getStack === undefined ? site.stack : Reflect.apply(getStack, site, [])
    if (typeof stack !== 'string') return ''
    const head = describe(site)
    return stack.startsWith(head) ? stack.slice(head.length + 1) : stack.split('\n').slice(1).join('\n')
  } catch {
    return ''
  }
}
