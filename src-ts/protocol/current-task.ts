import { Object, Reflect, Symbol, globalObject } from '../primordials.js'
import type { TaskContext } from '../types/index.js'

/** The global key where a worker provides its task. The worker is a bundle, and the package that a task imports is another copy. */
const KEY = Symbol.for('millrace.current-task')

type Current = () => TaskContext | undefined

/** Makes `currentTask` of this thread call `current`. */
export function provideCurrentTask(current: Current): void {
  Object.defineProperty(globalObject, KEY, { value: current, configurable: true, enumerable: false })
}

/** Makes `currentTask` call `current` first, and then the function that it has called so far. */
export function provideCurrentTaskFirst(current: Current): void {
  const next = Reflect.get(globalObject, KEY) as Current | undefined
  provideCurrentTask(() => current() ?? next?.())
}

/**
 * Returns the context of the running task, at any depth and after an `await`. Outside a task it returns undefined. If an earlier task has
 * left a timer behind, the timer sees the task that runs when it fires.
 * @example
 * const log = (text: string) => console.log(`[item ${currentTask()?.index}]`, text)
 */
export function currentTask(): TaskContext | undefined {
  return (Reflect.get(globalObject, KEY) as Current | undefined)?.()
}
