import { Script } from 'node:vm'
import { TaskFunctionError } from '../../errors/index.js'
import { Object, Proxy, Reflect, String, Symbol, globalObject } from '../../primordials.js'
import { isImportPlaceholder, isInteropHelper } from '../analyze/helpers.js'
import { labelOf } from '../stacks/located-code.js'
import { callName, missingGlobal } from '../refusal/refusals.js'
import type { ShippedSource } from '../ship/shipped.js'
import { absoluteSpecifier, unresolvable } from '../reference/specifiers.js'

type Callable = (...args: unknown[]) => unknown

/** What esbuild calls to keep the names of functions. */
function setName(target: object, name: unknown): object {
  return Object.defineProperty(target, 'name', { value: name, configurable: true })
}

/** What Babel and SWC call to make a namespace of what `require()` gave. */
function toNamespace(required: unknown): unknown {
  if ((typeof required !== 'object' && typeof required !== 'function') || required === null)
    return { default: required }
  if (Reflect.get(required, '__esModule') === true) return required
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(required))
  const members = descriptors.filter(([key, { enumerable }]) => enumerable === true && key !== 'default')
  return Object.defineProperties({ default: required }, Object.fromEntries(members))
}

/** Stands for a coverage counter: can be called, read and counted up at any depth, and keeps nothing. */
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

/** What a helper's name stands for. */
export function makeHelper(name: string, called: string): unknown {
  if (isImportPlaceholder(name)) return makeImport(called)
  if (isInteropHelper(name)) return toNamespace
  return name === '__name' ? setName : makeCounter()
}

/** Gives a function the `name` or `length` that it had in the parent. */
export function restore(fn: Callable, key: 'name' | 'length', value: unknown): void {
  if (value !== undefined && fn[key] !== value) Object.defineProperty(fn, key, { value, configurable: true })
}

/** @throws TaskFunctionError where this process lacks a global that the function uses. */
export function requireGlobals(globals: readonly string[], called: string): void {
  for (const global of globals) if (!(global in globalObject)) throw missingGlobal(called, global)
}

/**
 * The value of a script, in this process's own global scope.
 * @param name That of the function, for messages.
 * @param filename What stacks name.
 * @throws TaskFunctionError where it cannot be compiled.
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
 * Makes the function of its source.
 * @throws TaskFunctionError where this process lacks a global that the function uses.
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
