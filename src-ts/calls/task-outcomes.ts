import {
  isBlock,
  type PackedResults,
  readBlock,
  readConstants,
  type Reader,
  readResults,
  readValue,
  unreadable
} from '../codec/index.js'
import { Array } from '../primordials.js'
import { type ChunkItems, firstItem, itemCount } from './chunk-table.js'
import type { Sink } from './sink.js'

/** Passes the outcomes of tasks on to their items. */
export class TaskOutcomes {
  readonly #sink: Sink
  readonly #isBatched: boolean
  readonly #failItems: (index: number, count: number, error: unknown) => void

  readonly #isWanted: () => boolean

  /**
   * @param isBatched Whether a task is a batch of items, and its result a list of results.
   * @param isWanted Returns false once the call has ended.
   */
  constructor(
    sink: Sink,
    isBatched: boolean,
    isWanted: () => boolean,
    failItems: (index: number, count: number, error: unknown) => void
  ) {
    this.#sink = sink
    this.#isBatched = isBatched
    this.#isWanted = isWanted
    this.#failItems = failItems
  }

  /** Reads the results of tasks `first` to `first + count - 1` of a chunk. */
  read(reader: Reader, items: ChunkItems, first: number, count: number): void {
    if (!reader.isJoined) return this.#readMessage(reader, items, first, count)
    // A failure or a result may end the call.
    for (let offset = first; offset < first + count && this.#isWanted(); offset++) {
      reader.openMessage()
      this.#readOne(reader, items, offset)
    }
  }

  /** Reads a message with one result. */
  #readOne(reader: Reader, items: ChunkItems, offset: number): void {
    if (isBlock(reader.bytes, reader.offset)) return this.#readMessage(reader, items, offset, 1)
    let value: unknown
    try {
      value = readValue(reader)
    } catch {
      return this.fail(items, offset, unreadable())
    }
    this.#take(items, offset, value)
  }

  #readMessage(reader: Reader, items: ChunkItems, first: number, count: number): void {
    const { bytes, offset: start, end } = reader
    if (count > 0 && isBlock(bytes, start)) {
      this.#takeBlock(readBlock(bytes, start, end) ?? readConstants(bytes, start, end), items, first, count)
      return
    }
    const read = readResults(reader, count, (offset, value) => this.#take(items, first + offset, value))
    for (let offset = read; offset < count; offset++) this.fail(items, first + offset, unreadable())
  }

  /** Takes the results of tasks `first` to `first + count - 1`. undefined, or another number of results: the worker has sent garbage. */
  #takeBlock(results: PackedResults | undefined, items: ChunkItems, first: number, count: number): void {
    if (results?.length === count && !this.#isBatched) this.#sink.several(firstItem(items, first), results)
    else for (let offset = first; offset < first + count; offset++) this.fail(items, offset, unreadable())
  }

  /** Task `offset` of a chunk has failed, and each of its items with it. */
  fail(items: ChunkItems, offset: number, error: unknown): void {
    this.#failItems(firstItem(items, offset), itemCount(items, offset), error)
  }

  #take(items: ChunkItems, offset: number, value: unknown): void {
    const index = firstItem(items, offset)
    if (!this.#isBatched) {
      this.#sink.value(index, value)
      return
    }
    const count = itemCount(items, offset)
    const results: readonly unknown[] = Array.isArray(value) ? value : []
    // The worker has checked the length, but the data of a worker is not trusted.
    if (results.length !== count) this.fail(items, offset, unreadable())
    else for (let item = 0; item < count; item++) this.#sink.value(index + item, results[item])
  }
}
