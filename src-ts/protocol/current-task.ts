import { Object, Reflect, Symbol, globalObject } from '../primordials.js'
import type { TaskContext } from '../types/index.js'

/** Where a worker says what its task is. It is a bundle of its own, and the package that a task imports is another copy of this code. */
const KEY = Symbol.for('millrace.current-task')

type Current = () => TaskContext | undefined

/** Lets `currentTask` of this thread ask `current`. */
export function provideCurrentTask(current: Current): void {
  Object.defineProperty(globalObject, KEY, { value: current, configurable: true, enumerable: false })
}

/**
 * Returns the context of the running task: anywhere inside it, at any depth, and after an `await`. Outside a task it returns undefined.
 * Code that an earlier task has left behind, such as a timer, sees the task that runs by then.
 * @example
 * const log = (text: string) => console.log(`[item ${currentTask()?.index}]`, text)
 */
export function currentTask(): TaskContext | undefined {
  return (Reflect.get(globalObject, KEY) as Current | undefined)?.()
}
