import type { LostTask, MakeError, OutcomeListener } from '../index.js'
import { Map, Object, WeakMap } from '../../primordials.js'

/** Makes the error of an attempt at a task. Attempts count from 1. */
export type MakeAttemptError = (task: LostTask, attempt: number) => Error

/** Failed attempts at tasks that run again, until they have settled. */
export class Attempts {
  /** By call, then by chunk and position in it. */
  readonly #calls = new WeakMap<OutcomeListener, Map<string, MakeAttemptError[]>>()
  /** Whether any attempt has failed. Otherwise nothing has to be looked up. */
  #isUsed = false

  /** An attempt has failed, and there will be another one. */
  add(call: OutcomeListener, chunk: number, position: number, error: MakeAttemptError): void {
    this.#isUsed = true
    const tasks = this.#calls.get(call) ?? new Map<string, MakeAttemptError[]>()
    this.#calls.set(call, tasks)
    const key = `${chunk} ${position}`
    const earlier = tasks.get(key)
    if (earlier === undefined) tasks.set(key, [error])
    else earlier.push(error)
  }

  /** The task has settled. Returns the errors of its failed attempts. */
  take(call: OutcomeListener, chunk: number, position: number): readonly MakeAttemptError[] {
    if (!this.#isUsed) return NONE
    const tasks = this.#calls.get(call)
    const key = `${chunk} ${position}`
    const earlier = tasks?.get(key)
    tasks?.delete(key)
    return earlier ?? NONE
  }

  /** Tasks have settled. Returns how many attempts at the first of them have failed. */
  takeSeveral(call: OutcomeListener, chunk: number, first: number, count: number): number {
    if (!this.#isUsed) return 0
    for (let position = first + 1; position < first + count; position++) this.take(call, chunk, position)
    return this.take(call, chunk, first).length
  }

  /** The task is lost. Adds the errors of earlier attempts, as `attempts`, to the last one. */
  finish(call: OutcomeListener, chunk: number, position: number, error: MakeAttemptError): MakeError {
    const earlier = this.take(call, chunk, position)
    if (earlier.length === 0) return (task) => error(task, 1)
    return (task) => {
      if (task.position !== position) return error(task, 1)
      const value = earlier.map((make, at) => make(task, at + 1))
      const last = error(task, earlier.length + 1)
      return Object.defineProperty(last, 'attempts', { value, enumerable: true, configurable: true })
    }
  }
}

const NONE: readonly MakeAttemptError[] = []
