import { Error, Object, Set } from '../primordials.js'
import { type Reader, readOrigin, readValue, takeClasses, unreadable } from '../codec/index.js'
import { Caller, type Entry, noteTask, type TaskItems, type TaskOrigin } from '../errors/index.js'
import { mapStacks } from '../functions/index.js'
import { classHint } from './class-hint.js'

/** The place where a call was made. Errors of the call point at it. */
export class CallSite {
  readonly #caller: Caller
  readonly #fn: unknown
  /** The name of the method. */
  readonly #method: string
  /** The prototypes of items that arrive without their class. */
  #classes: Set<object> | undefined

  /**
   * @param entry The method of the pool that runs now.
   * @param fn The function of the call.
   * @param method The name of the method.
   */
  constructor(entry: Entry, fn: unknown, method: string = entry.name) {
    this.#caller = new Caller(entry)
    this.#fn = fn
    this.#method = method
  }

  /** The name of the function, or an empty text. */
  get name(): string {
    try {
      const name: unknown =
        typeof this.#fn === 'function' ? Object.getOwnPropertyDescriptor(this.#fn, 'name')?.value : ''
      return typeof name === 'string' ? name : ''
    } catch {
      // The function is a proxy with a trap that throws.
      return ''
    }
  }

  /** Corrects the stack of an error that the library has made for this call. Leaves other errors unchanged. */
  withStack(error: unknown): unknown {
    return this.#caller.withStack(error)
  }

  /** Items are about to be encoded. */
  beginItems(): void {
    takeClasses()
  }

  /** Items have been encoded. */
  endItems(): void {
    const classes = takeClasses()
    if (classes === undefined) return
    this.#classes ??= new Set()
    for (const prototype of classes) this.#classes.add(prototype)
  }

  /** Reads the error of a task. Its stack has the frames of the worker, then the task, then the frames of the call. */
  readFailure(reader: Reader, items: TaskItems, attempt: number): unknown {
    let origin: TaskOrigin
    let error: unknown
    try {
      origin = readOrigin(reader)
      reader.blank = this.#caller.takeBlank()
      error = readValue(reader)
    } catch {
      return this.withStack(unreadable())
    }
    this.#caller.giveBack(reader.takeBlank())
    noteTask(error, items, origin, attempt)
    mapStacks(error, this.#fn)
    if (!(error instanceof Error)) return error
    const hint = this.#classes === undefined ? undefined : classHint(error, this.#classes)
    const stack = `${stackOf(error)}\n    at ${this.#describe(items)} of pool.${this.#method}`
    return this.#caller.addFrames(error, hint === undefined ? stack : `${stack}\n${hint}`)
  }

  #describe({ index, count = 1 }: TaskItems): string {
    if (this.#method === 'apply' || this.#method === 'wrap') return 'the task'
    if (this.#method === 'warm') return 'a function'
    return count === 1 ? `item ${index}` : `items ${index} to ${index + count - 1}`
  }
}

// A task may have set the stack to anything, such as an object without a text.
function stackOf({ stack }: { readonly stack?: unknown }): string {
  return typeof stack === 'string' ? stack : ''
}
