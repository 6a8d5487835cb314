import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { types } from 'node:util'

import { afterwards } from '../../primordials.js'
import { provideCurrentTaskFirst } from '../../protocol/index.js'
import type { TaskContext } from '../../types/index.js'
import type { Lane } from './lane.js'

/** A task that runs in this process. Its code can find it at any depth, and after an `await`. */
export interface InlineTask {
  /** Identifies its pool. */
  readonly backend: object
  /** Whether the task may not use pools. */
  readonly isDaemonic: boolean
  /** Runs the calls that the task makes on its own pool, which cannot wait until the task has ended. */
  inner: Lane | undefined
  /** undefined once the task has ended. */
  context(): TaskContext | undefined
  /** Whether an init or exit function runs, which has no context of a task. */
  isRunningLife?: boolean
}

const storage = new AsyncLocalStorage<InlineTask>()
// Made when the library is loaded. Usually there is no context then.
const empty = new AsyncResource('MillraceInline')
let isProvided = false

/** The task whose code is running. */
export function runningTask(): InlineTask | undefined {
  return storage.getStore()
}

/** Whether the running code belongs to a task that may not use pools. */
export function isInDaemonicTask(): boolean {
  const task = storage.getStore()
  return task?.isDaemonic === true && (task.isRunningLife === true || task.context() !== undefined)
}

/** Runs the code of a task in a context of its own, which has nothing but the task. */
export function runAs<T>(task: InlineTask, act: () => T): T {
  // A new resource for each task, made in the empty one: until Node 22 `enterWith` writes to the current resource.
  const own = empty.runInAsyncScope(() => new AsyncResource('MillraceTask'))
  return own.runInAsyncScope(() => storage.run(task, act))
}

/** Runs an init or exit function. It may use pools if tasks may. */
export function runLife<T>(of: Pick<InlineTask, 'backend' | 'isDaemonic'>, act: () => T): T {
  const task: InlineTask = { ...of, inner: undefined, context: () => undefined, isRunningLife: true }
  const end = (): void => {
    task.isRunningLife = false
  }
  try {
    const result = runAs(task, act)
    if (types.isPromise(result)) void afterwards(result, end, end)
    else end()
    return result
  } catch (error) {
    end()
    throw error
  }
}

/** Runs code outside any task and outside the caller's context. */
export function runOutside(act: () => void): void {
  empty.runInAsyncScope(act)
}

/** Makes `currentTask` find the tasks that run in this process. */
export function provideInlineTasks(): void {
  if (isProvided) return
  isProvided = true
  provideCurrentTaskFirst(() => storage.getStore()?.context())
}
