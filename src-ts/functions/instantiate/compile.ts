import { Script } from 'node:vm'
import { TaskFunctionError } from '../../errors/index.js'
import { Object, Proxy, Reflect, String, Symbol, globalObject } from '../../primordials.js'
import { isImportPlaceholder, isInteropHelper } from '../analyze/helpers.js'
import { labelOf } from '../stacks/located-code.js'
import { callName, missingGlobal } from '../refusal/refusals.js'
import type { ShippedSource } from '../ship/shipped.js'
import { absoluteSpecifier, unresolvable } from '../reference/specifiers.js'

type Callable = (...args: unknown[]) => unknown

/** The helper of esbuild that keeps the names of functions. */
function setName(target: object, name: unknown): object {
  return Object.defineProperty(target, 'name', { value: name, configurable: true })
}

/** The helper of Babel and SWC that makes a namespace of the result of `require()`. */
function toNamespace(required: unknown): unknown {
  if ((typeof required !== 'object' && typeof required !== 'function') || required === null)
    return { default: required }
  if (Reflect.get(required, '__esModule') === true) return required
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(required))
  const members = descriptors.filter(([key, { enumerable }]) => enumerable === true && key !== 'default')
  return Object.defineProperties({ default: required }, Object.fromEntries(members))
}

/** Replaces a coverage counter. It can be called, read and incremented at any depth, and keeps nothing. */
function makeCounter(): object {
  const counter: object = new Proxy(() => undefined, {
    get: (_target, key) => (key === Symbol.toPrimitive ? () => 0 : counter),
    set: () => true,
    apply: () => counter
  })
  return counter
}

function makeImport(called: string): Callable {
  return async (specifier, options): Promise<unknown> => {
    const text = String(specifier)
    const absolute = absoluteSpecifier(text)
    if (absolute === undefined) throw unresolvable(called, text)
    return import(absolute, options as ImportCallOptions | undefined)
  }
}

/** The value of a helper, by its name. */
export function makeHelper(name: string, called: string): unknown {
  if (isImportPlaceholder(name)) return makeImport(called)
  if (isInteropHelper(name)) return toNamespace
  return name === '__name' ? setName : makeCounter()
}

/** Gives a function the `name` or `length` that it had in the parent. */
export function restore(fn: Callable, key: 'name' | 'length', value: unknown): void {
  if (value !== undefined && fn[key] !== value) Object.defineProperty(fn, key, { value, configurable: true })
}

/** @throws TaskFunctionError if this process lacks a global that the function uses */
export function requireGlobals(globals: readonly string[], called: string): void {
  for (const global of globals) if (!(global in globalObject)) throw missingGlobal(called, global)
}

/**
 * Evaluates a script in the global scope of this process.
 * @param name The name of the function, for messages.
 * @param filename The name of the script in stacks.
 * @throws TaskFunctionError if it cannot be compiled
 */
export function compileScript<T>(
  code: string,
  name: string | undefined,
  filename: string,
  columnOffset: number,
  lineOffset = 0
): T {
  try {
    return new Script(code, { filename, columnOffset, lineOffset }).runInThisContext() as T
  } catch (error) {
    const called = callName(name)
    throw new TaskFunctionError(`the source of ${called} cannot be compiled by the worker's Node`, { cause: error })
  }
}

/**
 * Makes a function from its source.
 * @throws TaskFunctionError if this process lacks a global that the function uses
 */
export function compile({ name, length, code, columnOffset, location, helpers, globals }: ShippedSource): Callable {
  const called = callName(name)
  requireGlobals(globals, called)
  const { name: filename, line, column } = location ?? { name: labelOf(name), line: 0, column: 0 }
  const factory = compileScript<(...helpers: unknown[]) => Callable>(code, name, filename, columnOffset + column, line)
  const fn = factory(...helpers.map((helper) => makeHelper(helper, called)))
  restore(fn, 'name', name)
  restore(fn, 'length', length)
  return fn
}
