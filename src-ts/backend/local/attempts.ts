import type { MakeError, OutcomeListener } from '../index.js'
import { Map, Object, WeakMap } from '../../primordials.js'

/** Failed attempts at tasks that run again, until they have settled. */
export class Attempts {
  /** By call, then by chunk and place in it. */
  readonly #calls = new WeakMap<OutcomeListener, Map<string, MakeError[]>>()
  /** Whether there was one; without it nothing has to be looked up. */
  #isUsed = false

  /** An attempt has failed, and there will be another one. */
  add(call: OutcomeListener, chunk: number, place: number, error: MakeError): void {
    this.#isUsed = true
    const tasks = this.#calls.get(call) ?? new Map<string, MakeError[]>()
    this.#calls.set(call, tasks)
    const key = `${chunk} ${place}`
    const earlier = tasks.get(key)
    if (earlier === undefined) tasks.set(key, [error])
    else earlier.push(error)
  }

  /** The task has settled in another way. */
  forget(call: OutcomeListener, chunk: number, place: number): void {
    if (this.#isUsed) this.#calls.get(call)?.delete(`${chunk} ${place}`)
  }

  /** Adds the earlier errors of a task, as `attempts`, to the one that is final. */
  finish(call: OutcomeListener, chunk: number, place: number, error: MakeError): MakeError {
    const earlier = this.#isUsed ? this.#calls.get(call)?.get(`${chunk} ${place}`) : undefined
    if (earlier === undefined) return error
    this.forget(call, chunk, place)
    return (index) => {
      const value = earlier.map((make) => make(index, place))
      return Object.defineProperty(error(index, place), 'attempts', { value, enumerable: true, configurable: true })
    }
  }
}
