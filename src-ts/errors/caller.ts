import { Error, Object, Promise, Reflect, String } from '../primordials.js'
import { takeFresh } from './base.js'

/** A function of the public API; frames of it and of what it calls are the library's. */
export type Entry = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown)

const { captureStackTrace } = Error
const errorToString = Error.prototype.toString
// Frames are kept from below it; it is not running, so none is kept.
const elsewhere = (): void => undefined
// Node 20 has an accessor that looks like a value.
const getStack = Object.getOwnPropertyDescriptor(new Error(), 'stack')?.get

function describe(error: Error): string {
  return String(Reflect.apply(errorToString, error, []))
}

let current: Entry | undefined

/** The public function that is running, if one is. */
export function currentEntry(): Entry | undefined {
  return current
}

/**
 * Runs the part of a public function that runs before it returns. An error of the library that leaves it has the stack of the
 * caller: no frame of the library, and the caller's line however deep the error was made.
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

/** The same for a public function that returns a promise, which what `act` throws rejects. */
export function promiseAtEntry<R>(
  entry: Entry,
  act: (resolve: (value: R) => void, reject: (error: unknown) => void) => void
): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    atEntry(entry, () => act(resolve, reject))
  })
}

/** Gives an error of the library that is not thrown the stack of the public function's caller. */
export function placedHere<E extends Error>(error: E): E {
  if (takeFresh(error)) captureStackTrace(error, current ?? elsewhere)
  return error
}

/** Where a call of the public API was made, for errors that come when it has returned. */
export class Caller {
  /**
   * Captured as the stack of an error that becomes the first one of the call: Node shows its place where nobody handles the
   * error, and that is the caller's. It shows none once the text of the stack was read.
   */
  readonly #site: Error
  #isTaken = false
  #frames: string | undefined

  /** @param entry The public function that runs now. */
  constructor(entry: Entry) {
    this.#site = withoutPlace(() => new Error())
    captureStackTrace(this.#site, entry)
  }

  /** An error without properties, to be made into the first one that the call fails with, and given a stack by `addFrames`. */
  takeBlank(): Error | undefined {
    // Where the stack is no accessor, its text could not be read any more.
    return getStack === undefined ? undefined : this.#take()
  }

  /** Takes back what was not used. */
  giveBack(blank: Error | undefined): void {
    if (blank !== undefined) this.#isTaken = false
  }

  /** Puts the stack of an error right that the library has made for this call; every other one stays as it is. */
  place(error: unknown): unknown {
    if (!takeFresh(error)) return error
    const blank = this.#take()
    const placed = blank === undefined ? this.#rewrite(error) : transplant(error, blank)
    const { attempts } = error as { readonly attempts?: readonly unknown[] }
    for (const earlier of attempts ?? []) if (takeFresh(earlier)) this.#rewrite(earlier)
    return placed
  }

  /** Gives an error its stack: `head`, and the frames of the call. */
  addFrames(error: Error, head: string): Error {
    const text = (): string => (this.#text === '' ? head : `${head}\n${this.#text}`)
    const set = (value: unknown): void => define(error, { value, writable: true })
    let shown: string | undefined
    define(error, getStack === undefined ? { value: text(), writable: true } : { get: () => (shown ??= text()), set })
    return error
  }

  /** The frames, each on its line. */
  get #text(): string {
    this.#frames ??= framesOf(this.#site)
    return this.#frames
  }

  #take(): Error | undefined {
    // Its text begins with what it was when it was read.
    if (this.#isTaken || this.#frames !== undefined) return undefined
    this.#isTaken = true
    return this.#site
  }

  #rewrite(error: Error): Error {
    // The place where it was made is forgotten, or Node would show it.
    captureStackTrace(error, elsewhere)
    return this.addFrames(error, describe(error))
  }
}

/** Makes `blank` into the error. The engine puts name and message in front of its frames when the stack is read. */
function transplant(error: Error, blank: Error): Error {
  Object.setPrototypeOf(blank, Object.getPrototypeOf(error) as object)
  for (const key of Reflect.ownKeys(error)) {
    // A look at the stack, at its descriptor too, runs an Error.prepareStackTrace of the program.
    const property = key === 'stack' ? undefined : Object.getOwnPropertyDescriptor(error, key)
    if (property !== undefined) Object.defineProperty(blank, key, property)
  }
  return blank
}

function define(error: Error, stack: PropertyDescriptor): void {
  try {
    Reflect.defineProperty(error, 'stack', { ...stack, configurable: true, enumerable: false })
  } catch {
    // The engine makes the text of the stack first, and an Error.prepareStackTrace of the program threw.
  }
}

/**
 * Makes an error that knows no place: Node would show it where nobody handles the error, and it is one of ours. Looking for frames
 * would also take as long as looking for those of the caller.
 */
export function withoutPlace<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error
  const isSet = typeof stackTraceLimit === 'number' && Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    const error = make()
    // Of a frozen Error.
    if (!isSet) captureStackTrace(error, elsewhere)
    return error
  } finally {
    if (isSet) Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

function framesOf(site: Error): string {
  try {
    // An Error.prepareStackTrace of the program may make anything of it.
    const stack: unknown = getStack === undefined ? site.stack : Reflect.apply(getStack, site, [])
    if (typeof stack !== 'string') return ''
    const head = describe(site)
    return stack.startsWith(head) ? stack.slice(head.length + 1) : stack.split('\n').slice(1).join('\n')
  } catch {
    return ''
  }
}
