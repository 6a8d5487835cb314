import { types } from 'node:util'
import { TaskFunctionError } from '../../errors/index.js'
import { Function, Object } from '../../primordials.js'

// Kept from before user code can replace it, and free of a function's own `toString`.
const { toString } = Function.prototype

/** The source of a function as the engine keeps it, whatever its own `toString` says. */
export function sourceOf(fn: object): string {
  return toString.call(fn)
}

/** True for native and bound functions and proxies. The text cannot be faked: no source ends like this. */
export function isNativeText(text: string): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(text)
}

/** How messages call a function. */
export function callName(name: string | undefined): string {
  return name === undefined || name === '' ? 'the function' : `the function '${name}'`
}

/** The error for a function that no pool can run, such as a generator; undefined for one that it may. */
export function uncallable(fn: object, text: string, called: string): TaskFunctionError | undefined {
  if (types.isGeneratorFunction(fn)) {
    const kind = types.isAsyncFunction(fn) ? 'an async generator' : 'a generator'
    return new TaskFunctionError(`${called} is ${kind}: a task returns one result; return an array of what it yields`)
  }
  // A class has a read-only prototype and its keyword: a frozen function has one, a method named `class` the other.
  if (/^class\b/.test(text) && Object.getOwnPropertyDescriptor(fn, 'prototype')?.writable === false) {
    return new TaskFunctionError(`${called} is a class, which cannot be called without new: pass (...args) => new ...`)
  }
  return undefined
}

/** The error for an accessor as the function of a task: captured ones travel. */
export function accessor(called: string): TaskFunctionError {
  return new TaskFunctionError(`${called} is a getter or setter: pass a function that reads or sets the property`)
}

/** The error for a global that the parent knows and this worker's process has not. */
export function missingGlobal(called: string, name: string): TaskFunctionError {
  return new TaskFunctionError(`${called} uses the global '${name}', which does not exist in the worker's process`, {
    variable: name
  })
}
