import { types } from 'node:util'
import { NotSerializableError, TaskFunctionError } from '../../errors/index.js'
import { WeakRef } from '../../primordials.js'
import { largestBytes } from './largest.js'

const EXPORT_IT = `export the function from a module and name it with task(url, 'name')`

/** The kind of a value that cannot be sent, and what to do instead. undefined if the codec has to judge the value. */
export function unsendable(value: object): readonly [what: string, instead: string] | undefined {
  if (types.isPromise(value)) return ['a promise', 'await it first and capture its result']
  if (types.isWeakMap(value)) return ['a WeakMap', 'capture a Map']
  if (types.isWeakSet(value)) return ['a WeakSet', 'capture a Set']
  if (types.isProxy(value)) return ['a Proxy', 'capture its target']
  if (types.isGeneratorObject(value)) return ['a generator', 'capture an array of what it yields']
  if (types.isArgumentsObject(value)) return ['the arguments of a function', 'capture an array of them']
  if (value instanceof WeakRef) return ['a WeakRef', 'capture its target']
  if (types.isSharedArrayBuffer(value)) return ['a SharedArrayBuffer', 'capture a copy of its bytes']
  if (types.isExternal(value)) return ['a native handle', 'make it inside the function']
  return undefined
}

/** The error for a captured variable that cannot be sent. `user` is the function that uses it. */
export function unshippable(
  user: string,
  name: string,
  what: string,
  instead: string,
  cause?: unknown
): TaskFunctionError {
  const options = cause === undefined ? { variable: name } : { variable: name, cause }
  return new TaskFunctionError(`${user} uses '${name}', which holds ${what}: ${instead}, or ${EXPORT_IT}`, options)
}

/** The same for a value that a captured variable leads to, at `path`. */
export function unshippableAt(
  user: string,
  variable: string,
  path: string,
  what: string,
  instead: string
): TaskFunctionError {
  return unshippable(user, variable, path === variable ? what : `${what} at ${path}`, instead)
}

/** The same for a value that the codec refuses. */
export function unclonable(user: string, name: string, error: unknown): unknown {
  if (!(error instanceof NotSerializableError)) return error
  const what = error.message.replace(/^.* cannot be sent to another process: /, '')
  const where = error.path === name ? what : `${what} at ${error.path}`
  return unshippable(user, name, where, 'pass the part that you need as an argument', error)
}

/** The error for a variable whose declaration has not run. */
export function uninitialised(user: string, name: string): TaskFunctionError {
  const message = `${user} uses '${name}', which has no value yet: pass the function after the declaration has run`
  return new TaskFunctionError(message, { variable: name })
}

/** The error for functions that may or may not share a variable. */
export function indistinguishable(user: string, name: string): TaskFunctionError {
  return new TaskFunctionError(
    `${user}: cannot tell whether two captured closures share the variable '${name}'; capture one of them, or pass '${name}' ` +
      `as an argument`,
    { variable: name }
  )
}

/** The error for a name that the surrounding code does not declare. */
export function unknownName(user: string, name: string): TaskFunctionError {
  return new TaskFunctionError(
    `${user} uses '${name}', which is neither a variable of the code around it nor a global of Node.js: pass it as an argument, ` +
      `or give it with { context: { ${name} } }`,
    { variable: name }
  )
}

/** What to do about a variable that is large. */
export const INSTEAD = 'pass it as an argument, or let the worker load it'

/** The error for more than {@linkcode largestBytes}. */
export function tooHeavy(user: string, largest: string): TaskFunctionError {
  return new TaskFunctionError(
    `${user} is larger than ${largestBytes() / 1024 / 1024} MB together with what it captures; the largest is '${largest}': ${INSTEAD}`,
    { variable: largest }
  )
}

/** The error for a variable that leads to too much, such as a library. */
export function tooMuch(fn: string | undefined, variable: string, most: string): TaskFunctionError {
  const instead =
    fn === undefined || fn === ''
      ? 'import it inside the function, or pass the part that you need as an argument'
      : `pass a function that imports and calls it, such as (x) => ${fn}(x)`
  const called = fn === undefined || fn === '' ? 'the function' : `the function '${fn}'`
  return new TaskFunctionError(`${called} uses '${variable}', which leads to more than ${most}: ${instead}`, {
    variable
  })
}

/** The same error for the task's function, if one of its variables leads to the function that the error is about. */
export function ledTo(fn: string | undefined, variable: string, error: unknown): unknown {
  if (!(error instanceof TaskFunctionError) || variable === '' || error.message.includes('which leads to')) return error
  const isNamed = fn !== undefined && fn !== ''
  const called = isNamed ? `the function '${fn}'` : 'the function'
  const isItself = error.message.startsWith(`${called} `) && (isNamed || !error.message.startsWith(`${called} '`))
  if (isItself) return error
  const message = `${called} uses '${variable}', which leads to this: ${error.message}`
  const options = { variable: error.variable, ...(error.cause === undefined ? {} : { cause: error.cause }) }
  return new TaskFunctionError(message, options)
}
