import { types } from 'node:util'

import type { RawPool } from './binding.js'
import { packDefinition } from './functions/packing.js'
import type { FunctionDefinition } from './functions/resolve.js'
import type { Holder } from './native-batch.js'
import { Map, Set, afterwards } from './primordials.js'

/** Definitions that the core keeps, at the most; the longest unused one makes room. Chunks in flight keep theirs. */
const KEPT = 1_000

/** A batch that waits for its function. */
interface HeldBatch {
  readonly isUrgent: boolean
  readonly send: () => void
}

/** Which functions the core knows, by their keys. */
export class Definitions implements Holder {
  readonly #raw: RawPool
  readonly #ids = new Map<string, number>()
  /** Those of one call, until it ends: they are forgotten one by one. */
  readonly #transient = new Set<number>()
  /** Those that are not known yet, with what was submitted for them. */
  readonly #pending = new Map<number, HeldBatch[]>()
  #next = 1
  #isClosed = false

  constructor(raw: RawPool) {
    this.#raw = raw
  }

  /** The id of a function, new or known. It holds until `KEPT` other ones were asked for. */
  idOf(definition: FunctionDefinition): number {
    const { key } = definition
    const known = this.#ids.get(key)
    if (known !== undefined) {
      // A map keeps the order of insertion: the last used one goes to the end.
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
      this.#raw.forget(oldest[1])
    }
    return id
  }

  /** An id for one call, which ends with {@linkcode release}. Of a promise it holds at once: what is submitted waits. */
  open(definition: FunctionDefinition | Promise<FunctionDefinition>, fail: (error: unknown) => void): number {
    const id = this.#next++
    this.#transient.add(id)
    if (!types.isPromise(definition)) {
      this.#define(id, definition)
      return id
    }
    this.#pending.set(id, [])
    const refuse = (error: unknown): void => {
      this.#pending.delete(id)
      fail(error)
    }
    void afterwards(
      afterwards(definition, (known) => this.#arrive(id, known)),
      undefined,
      refuse
    )
    return id
  }

  /** The call that opened the id has ended; what it has submitted and what waits is dropped. */
  release(id: number): void {
    if (!this.#transient.delete(id) || this.#pending.delete(id) || this.#isClosed) return
    this.#raw.forget(id)
  }

  isPending(id: number): boolean {
    return this.#pending.size > 0 && this.#pending.has(id)
  }

  /** Keeps a batch until its function is known. */
  hold(id: number, batch: HeldBatch): void {
    this.#pending.get(id)?.push(batch)
  }

  /** Urgent batches that wait for their functions. */
  get urgentCount(): number {
    let count = 0
    for (const held of this.#pending.values()) for (const { isUrgent } of held) if (isUrgent) count++
    return count
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true
    this.#pending.clear()
  }

  #arrive(id: number, definition: FunctionDefinition): void {
    const held = this.#pending.get(id)
    if (held === undefined || !this.#pending.delete(id) || this.#isClosed) return
    this.#define(id, definition)
    for (const batch of held) batch.send()
  }

  #define(id: number, definition: FunctionDefinition): void {
    this.#raw.define(id, packDefinition(definition))
  }
}
