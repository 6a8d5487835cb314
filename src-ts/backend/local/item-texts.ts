import { headsOnly, readBlockStart, Reader, readValue } from '../../codec/index.js'
import { describeItem } from '../../errors/index.js'
import { Array } from '../../primordials.js'
import { BATCH, chunkHead, itemsAt, URGENT } from '../../protocol/index.js'

/** The items of a lost chunk, from its record: all of them, or the first ones of a large chunk. */
export class ItemTexts {
  readonly #bytes: Uint8Array
  readonly #flags: number
  #items: ArrayLike<unknown> | undefined

  /**
   * @param bytes They are read when a text is asked for.
   * @param flags Of the chunk.
   */
  constructor(bytes: Uint8Array, flags: number) {
    this.#bytes = bytes
    this.#flags = flags
  }

  /** The item at a position of the chunk, or the items of a batch, as text of at most 200 characters. undefined if it is not there. */
  at(position: number): string | undefined {
    this.#items ??= this.#readItems()
    return position < this.#items.length ? describeItem(this.#items[position], (this.#flags & URGENT) !== 0) : undefined
  }

  #readItems(): ArrayLike<unknown> {
    // A chunk that was lost while it only loaded has none.
    if (this.#bytes.length < 8) return []
    const start = itemsAt(chunkHead(this.#bytes), this.#bytes)
    const numbers = readBlockStart(this.#bytes, start, this.#bytes.length)
    if (numbers !== undefined) return numbers
    const items: unknown[] = []
    const reader = new Reader()
    reader.blocks = headsOnly
    try {
      reader.reset(this.#bytes, start, this.#bytes.length)
      while (reader.offset < reader.end) items.push(this.#readTask(reader))
    } catch {
      // The record does not have the rest.
    }
    return items
  }

  #readTask(reader: Reader): unknown {
    const value = readValue(reader)
    if ((this.#flags & BATCH) === 0 || typeof value !== 'number') return value
    return Array.from({ length: value }, () => readValue(reader))
  }
}
