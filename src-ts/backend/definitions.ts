import type { RawPool } from '../binding.js'
import type { SetupDefinition, SetupFunction } from './index.js'
import type { Region } from '../codec/index.js'
import { type FunctionDefinition, packDefinition } from '../functions/index.js'
import { JSON, Map, Set, Uint8Array } from '../primordials.js'
import type { PackedSetup } from '../protocol/index.js'

/** The most definitions that are kept. The least recently used one is dropped. Chunks in flight keep theirs. */
const KEPT = 1_000
const NO_DATA = new Uint8Array()

/** Receives the functions of tasks. */
interface FunctionStore extends Pick<RawPool, 'defineSetup' | 'forget'> {
  define(id: number, bytes: Uint8Array, regions: readonly Region[]): void
}

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
  /** The shared objects, which are sent once. */
  #shared: { readonly definition: FunctionDefinition; readonly id: number } | undefined
  /** The functions of setups by their keys: their definitions, and how many setups have them. */
  readonly #ofSetups = new Map<string, { readonly id: number; uses: number }>()
  /** The keys of the functions of each setup. */
  readonly #setups = new Map<number, readonly string[]>()
  /** The numbers of inits and exits. They are kept for as long as the pool, so that none runs twice in a worker. */
  readonly #numbers = new Map<string, number>()
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

  /** Defines a setup. */
  openSetup({ shared, init, initTimeoutMs, exit, exitTimeoutMs }: SetupDefinition): number {
    if (shared !== undefined && this.#shared?.definition !== shared) {
      this.#shared = { definition: shared, id: this.open(shared) }
    }
    const packed: PackedSetup = {
      shared: shared === undefined ? 0 : (this.#shared?.id ?? 0),
      init: this.#useFunction(init),
      initKey: this.#numberOf(init),
      exit: this.#useFunction(exit),
      exitKey: this.#numberOf(exit)
    }
    const id = this.#next++
    this.#setups.set(
      id,
      [init, exit].flatMap((each) => (each === undefined ? [] : [each.key]))
    )
    const bytes = packDefinition({ json: JSON.stringify(packed), data: NO_DATA })
    const needs = [packed.shared, packed.init, packed.exit].filter((each) => each !== 0)
    const limit = initTimeoutMs === 0 ? null : initTimeoutMs
    this.#store.defineSetup(id, bytes, needs, limit, exit === undefined ? null : exitTimeoutMs)
    return id
  }

  /** Nothing new names the setup. */
  releaseSetup(id: number): void {
    for (const key of this.#setups.get(id) ?? []) {
      const used = this.#ofSetups.get(key)
      if (used === undefined || --used.uses > 0) continue
      this.#ofSetups.delete(key)
      this.release(used.id)
    }
    if (this.#setups.delete(id) && !this.#isClosed) this.#store.forget(id)
  }

  #useFunction(fn: SetupFunction | undefined): number {
    if (fn === undefined) return 0
    let used = this.#ofSetups.get(fn.key)
    if (used === undefined) {
      used = { id: this.open(fn.definition), uses: 0 }
      this.#ofSetups.set(fn.key, used)
    }
    used.uses++
    return used.id
  }

  #numberOf(fn: SetupFunction | undefined): number {
    if (fn === undefined) return 0
    const number = this.#numbers.get(fn.key) ?? this.#numbers.size + 1
    this.#numbers.set(fn.key, number)
    return number
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true
  }

  #define(id: number, definition: FunctionDefinition): void {
    this.#store.define(id, packDefinition(definition), definition.regions)
  }
}
