import { types } from 'node:util'
import { TaskFunctionError } from '../../errors/index.js'
import { Function, Object } from '../../primordials.js'

// As it was before user code could replace it. It does not call a function's own `toString`.
const { toString } = Function.prototype

/** The source of a function from the engine, whatever its own `toString` returns. */
export function sourceOf(fn: object): string {
  return toString.call(fn)
}

/** Whether the text is that of a native or bound function or a proxy. It cannot be faked, because no source ends like this. */
export function isNativeText(text: string): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(text)
}

/** The name of a function in messages. */
export function callName(name: string | undefined): string {
  return name === undefined || name === '' ? 'the function' : `the function '${name}'`
}

/** The error for a function that no pool can run, such as a generator. undefined for any other function. */
export function uncallable(fn: object, text: string, called: string): TaskFunctionError | undefined {
  if (types.isGeneratorFunction(fn)) {
    const kind = types.isAsyncFunction(fn) ? 'an async generator' : 'a generator'
    return new TaskFunctionError(`${called} is ${kind}: a task returns one result; return an array of what it yields`)
  }
  // A class has a read-only prototype and the keyword. A frozen function has only the former, a method named `class` only the latter.
  if (/^class\b/.test(text) && Object.getOwnPropertyDescriptor(fn, 'prototype')?.writable === false) {
    return new TaskFunctionError(`${called} is a class, which cannot be called without new: pass (...args) => new ...`)
  }
  return undefined
}

/** The error for an accessor as the function of a task. (Captured accessors can be sent.) */
export function accessor(called: string): TaskFunctionError {
  return new TaskFunctionError(`${called} is a getter or setter: pass a function that reads or sets the property`)
}

/** The error for a global that the parent has and this worker's process lacks. */
export function missingGlobal(called: string, name: string): TaskFunctionError {
  return new TaskFunctionError(`${called} uses the global '${name}', which does not exist in the worker's process`, {
    variable: name
  })
}
