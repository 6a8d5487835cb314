import { Script } from 'node:vm'
import { TaskFunctionError } from '../errors.js'
import { isImportStandIn } from './helpers.js'
import { callName, missingGlobal } from './refusals.js'
import type { ShippedSource } from './shipped.js'
import { absoluteSpecifier, unresolvable } from './specifiers.js'

type Callable = (...args: unknown[]) => unknown

/** What esbuild calls to keep the names of functions. */
function setName(target: object, name: unknown): object {
  return Object.defineProperty(target, 'name', { value: name, configurable: true })
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

function makeHelper(name: string, called: string): unknown {
  if (isImportStandIn(name)) return makeImport(called)
  return name === '__name' ? setName : makeCounter()
}

function restore(fn: Callable, key: 'name' | 'length', value: unknown): void {
  if (value !== undefined && fn[key] !== value) Object.defineProperty(fn, key, { value, configurable: true })
}

/**
 * Makes the function of its source, in this process's own global scope.
 * @throws TaskFunctionError where this process lacks a global that the function uses.
 */
export function compile({ name, length, code, columnOffset, helpers, globals }: ShippedSource): Callable {
  const called = callName(name)
  for (const global of globals) if (!(global in globalThis)) throw missingGlobal(called, global)
  const filename = `millrace:${(name ?? '').replace(/[^\w$.-]+/g, '_') || 'anonymous'}`
  let factory: (...helpers: unknown[]) => Callable
  try {
    factory = new Script(code, { filename, columnOffset }).runInThisContext() as typeof factory
  } catch (error) {
    throw new TaskFunctionError(`the source of ${called} cannot be compiled by the worker's Node`, { cause: error })
  }
  const fn = factory(...helpers.map((helper) => makeHelper(helper, called)))
  restore(fn, 'name', name)
  restore(fn, 'length', length)
  return fn
}
