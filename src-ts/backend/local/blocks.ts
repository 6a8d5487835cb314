import { BLOCK_SPACE_BYTES, type BlockSource, IdleMemory } from '../../codec/index.js'
import type { RawPool } from '../../binding.js'
import { RangeError, Uint32Array, Uint8Array } from '../../primordials.js'

/** The blocks for large values of a pool: it fills those of arguments, and reads those of results. */
export class Blocks implements BlockSource {
  readonly #raw: RawPool
  readonly #hasClosed: () => boolean
  readonly #idle: IdleMemory
  #source = 0
  #left = 0

  constructor(raw: RawPool, hasClosed: () => boolean) {
    this.#raw = raw
    this.#hasClosed = hasClosed
    this.#idle = new IdleMemory(() => hasClosed() || raw.giveBackBlocks())
  }

  /** Copies an argument into a block and returns its place, or -1. */
  put(bytes: Uint8Array): number {
    if (this.#hasClosed()) return -1
    this.#idle.use()
    return this.#raw.putBlock(bytes)
  }

  /** Frees blocks whose chunks are not submitted. */
  drop(places: readonly number[]): void {
    if (places.length > 0 && !this.#hasClosed()) this.#raw.dropBlocks(new Uint8Array(new Uint32Array(places).buffer))
  }

  /** Goes to the blocks of an outcome. */
  open(source: number): void {
    this.#source = source
    this.#left = BLOCK_SPACE_BYTES
  }

  expect(length: number): void {
    this.#left -= length
    // Otherwise a few bytes of a worker could make this process allocate without end.
    if (this.#source === 0 || this.#left < 0) throw new RangeError('damaged message: blocks out of bounds')
  }

  take(place: number, into: Uint8Array): boolean {
    return this.#raw.readBlock(this.#source, place, into)
  }
}
