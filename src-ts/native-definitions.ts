import type { RawPool } from './binding.js'
import type { FunctionDefinition } from './functions/resolve.js'

/** Definitions that the core keeps, at the most; the longest unused one makes room. Chunks in flight keep theirs. */
const KEPT = 1_000

/** Which functions the core knows, by their keys. */
export class Definitions {
  readonly #raw: RawPool
  readonly #ids = new Map<string, number>()
  readonly #encoder = new TextEncoder()
  #next = 1

  constructor(raw: RawPool) {
    this.#raw = raw
  }

  /** The id of a function, new or known. It holds until `KEPT` other ones were asked for. */
  idOf(definition: FunctionDefinition): number {
    const { key, json } = definition
    const known = this.#ids.get(key)
    if (known !== undefined) {
      // A map keeps the order of insertion: the last used one goes to the end.
      this.#ids.delete(key)
      this.#ids.set(key, known)
      return known
    }
    const id = this.#next++
    this.#raw.define(id, this.#encoder.encode(json))
    this.#ids.set(key, id)
    const [oldest] = this.#ids
    if (this.#ids.size > KEPT && oldest !== undefined) {
      this.#ids.delete(oldest[0])
      this.#raw.forget(oldest[1])
    }
    return id
  }
}
