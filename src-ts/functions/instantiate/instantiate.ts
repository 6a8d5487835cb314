import { types } from 'node:util'

import { TaskFunctionError } from '../../errors/index.js'
import { JSON, Object, Reflect, Uint8Array, afterwards, globalObject, toObject } from '../../primordials.js'
import { compile } from './compile.js'
import { makeClosure } from './instantiate-closure.js'
import { loadCallable, toCallable, type TaskCallable } from './load-module.js'
import { callName } from '../refusal/refusals.js'
import type { Shipped, ShippedGlobal } from '../ship/shipped.js'

type Callable = (...args: unknown[]) => unknown

const NO_DATA = new Uint8Array()

function findGlobal({ path }: ShippedGlobal): Callable {
  let value: unknown = globalObject
  // Own names all the way: they were found as such in the parent.
  for (const key of path) {
    const holder = toObject(value) as object
    value = Object.hasOwn(holder, key) ? Reflect.get(holder, key) : undefined
  }
  if (typeof value === 'function') return value as Callable
  const name = path.join('.')
  throw new TaskFunctionError(`the function ${name} does not exist in the worker's process`, { variable: name })
}

/**
 * Makes the function from a definition of `prepareFunction`. Nothing is cached, so the caller has to keep the function.
 *
 * @param data The values that it captures, encoded by the codec.
 * @returns the function, or a promise of it if a module has to be imported
 * @throws TaskFunctionError, also as a rejection, if the function, its file or its export is missing here
 */
export function instantiate(json: string, data: Uint8Array = NO_DATA): TaskCallable | Promise<TaskCallable> {
  const shipped = JSON.parse(json) as Shipped
  if (shipped.kind === 'source') return toCallable(compile(shipped), callName(shipped.name), false)
  if (shipped.kind === 'global') return toCallable(findGlobal(shipped), shipped.path.join('.'), true)
  if (shipped.kind === 'closure') {
    const label = callName(shipped.name)
    const made = makeClosure(shipped, data)
    return types.isPromise(made)
      ? afterwards(made, (fn) => toCallable(fn, label, false))
      : toCallable(made, label, false)
  }
  return loadCallable(shipped)
}
