import type { RawPool } from '../binding.js'
import { type FunctionDefinition, packDefinition } from '../functions/index.js'
import { Map, Set } from '../primordials.js'

/** The most definitions that are kept. The least recently used one is dropped. Chunks in flight keep theirs. */
const KEPT = 1_000

/** Receives the functions of tasks. */
type FunctionStore = Pick<RawPool, 'define' | 'forget'>

/** The functions that were passed to the store, by their keys. */
export class Definitions {
  readonly #store: FunctionStore
  readonly #ids = new Map<string, number>()
  /** The definitions for a single call. Each is forgotten when its call ends. */
  readonly #transient = new Set<number>()
  /** The key that was asked for last. It is the most recently used one already. Chunks of one item ask for each item. */
  #lastKey: string | undefined
  #lastId = 0
  #next = 1
  #isClosed = false

  constructor(store: FunctionStore) {
    this.#store = store
  }

  /** The id of a function, new or known. It is valid until `KEPT` other ones were asked for. */
  idOf(definition: FunctionDefinition): number {
    const { key } = definition
    if (key !== this.#lastKey) {
      this.#lastId = this.#find(key, definition)
      this.#lastKey = key
    }
    return this.#lastId
  }

  #find(key: string, definition: FunctionDefinition): number {
    const known = this.#ids.get(key)
    if (known !== undefined) {
      // A map keeps the order of insertion, so the most recently used definition goes to the end.
      this.#ids.delete(key)
      this.#ids.set(key, known)
      return known
    }
    const id = this.#next++
    this.#define(id, definition)
    this.#ids.set(key, id)
    const [oldest] = this.#ids
    if (this.#ids.size > KEPT && oldest !== undefined) {
      this.#ids.delete(oldest[0])
      this.#store.forget(oldest[1])
    }
    return id
  }

  /** An id for one call, which ends it with {@linkcode release}. */
  open(definition: FunctionDefinition): number {
    const id = this.#next++
    this.#transient.add(id)
    this.#define(id, definition)
    return id
  }

  /** The call of the id has ended. */
  release(id: number): void {
    if (this.#transient.delete(id) && !this.#isClosed) this.#store.forget(id)
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true
  }

  #define(id: number, definition: FunctionDefinition): void {
    this.#store.define(id, packDefinition(definition))
  }
}
