import { Error, Reflect } from '../../primordials.js'

/** A frame of a stack as `Error.prepareStackTrace` gets it. Its methods are on a prototype, from which mappers copy them. */
class Frame {
  readonly #name: string
  readonly #line: number
  readonly #column: number
  isAsked = false

  constructor(name: string, line: number, column: number) {
    this.#name = name
    this.#line = line
    this.#column = column
  }

  getFileName(): string {
    return this.#name
  }

  getScriptNameOrSourceURL(): string {
    return this.#name
  }

  getLineNumber(): number {
    this.isAsked = true
    return this.#line
  }

  getColumnNumber(): number {
    return this.#column
  }

  getEnclosingLineNumber(): number {
    return this.#line
  }

  getEnclosingColumnNumber(): number {
    return this.#column
  }

  getPosition(): number {
    return 0
  }

  getFunctionName(): string {
    return 'f'
  }

  getTypeName(): null {
    return null
  }

  getMethodName(): null {
    return null
  }

  getThis(): undefined {
    return undefined
  }

  getFunction(): undefined {
    return undefined
  }

  getEvalOrigin(): undefined {
    return undefined
  }

  getPromiseIndex(): null {
    return null
  }

  getScriptHash(): string {
    return ''
  }

  isToplevel(): boolean {
    return true
  }

  isEval(): boolean {
    return false
  }

  isNative(): boolean {
    return false
  }

  isConstructor(): boolean {
    return false
  }

  isAsync(): boolean {
    return false
  }

  isPromiseAll(): boolean {
    return false
  }

  toString(): string {
    return `f (${this.#name}:${this.#line}:${this.#column})`
  }
}

// For example Node's own hook, which is called for each function that is sent.
let plainHook: unknown

/**
 * Maps a location by the `Error.prepareStackTrace` of this process, by which loaders and test runners map stacks.
 * @param line Counts from 1, as `column` does.
 * @returns `file:line:column`; undefined if there is no such hook, or if it does not map frames, like Node's own
 */
export function mapByHook(name: string, line: number, column: number): string | undefined {
  const hook: unknown = Reflect.get(Error, 'prepareStackTrace')
  if (typeof hook !== 'function' || hook === plainHook) return undefined
  const frame = new Frame(name, line, column)
  try {
    const text: unknown = hook.call(Error, new Error('at'), [frame])
    if (!frame.isAsked) plainHook = hook
    if (!frame.isAsked || typeof text !== 'string') return undefined
    return /\((.+:\d+:\d+)\)$/m.exec(text)?.[1]
  } catch {
    return undefined
  }
}
