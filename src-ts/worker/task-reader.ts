import { type BlockSource, headsOnly, type Numbers, readBlock, Reader, readValue } from '../codec/index.js'
import { BatchResultError, describeItem, NotSerializableError } from '../errors/index.js'
import { Array } from '../primordials.js'
import { BATCH, chunkHead, firstIndex, itemsAt, madeAt } from '../protocol/index.js'

/** Reads the tasks of a chunk. A task is an item, or a batch of items. */
export class TaskReader {
  readonly #reader = new Reader()
  #isBatched = false
  /** The index of the next item in its call. In a block, that of the first item. */
  #next = 0
  /** The index of the item that was read last. For a batch, that of its first item. */
  #index = 0
  /** The number of items of the task that was read last. */
  #count = 0
  /** Where the task that was read last begins. */
  #start = 0
  /** The items, if they are a block of numbers, and the position of the next one. */
  #numbers: Numbers | undefined
  #position = 0
  /** When the chunk was made, if it says so. */
  madeAt: number | undefined

  constructor(blocks?: BlockSource) {
    if (blocks !== undefined) this.#reader.blocks = blocks
  }

  /** Goes to task `from` of a payload. The payload must stay as it is until the chunk ends. */
  open(payload: Uint8Array, from: number, flags: number): void {
    this.#isBatched = (flags & BATCH) !== 0
    const head = chunkHead(payload)
    const start = itemsAt(head, payload)
    this.#next = firstIndex(head)
    this.madeAt = madeAt(head, payload)
    this.#position = from
    this.#numbers = this.#isBatched ? undefined : readBlock(payload, start, payload.length)
    if (this.#numbers !== undefined) return
    this.#reader.reset(payload, start, payload.length)
    for (let skipped = 0; skipped < from; skipped++) {
      try {
        this.read()
      } catch {
        // The next read fails as well and says so.
      }
    }
  }

  /** Whether the items are a block of numbers. */
  get hasNumbers(): boolean {
    return this.#numbers !== undefined
  }

  /** The index of the item that was read last. For a batch, that of its first item. */
  get index(): number {
    return this.#numbers === undefined ? this.#index : this.#next + this.#position - 1
  }

  /** The index of the item that is read next. */
  get nextIndex(): number {
    return this.#numbers === undefined ? this.#next : this.#next + this.#position
  }

  /** The number of items of the task that was read last, if it is a batch. */
  get batchCount(): number | undefined {
    return this.#isBatched ? this.#count : undefined
  }

  /** The next item, if the items are a block of numbers. */
  readNumber(): number | undefined {
    return this.#numbers?.[this.#position++]
  }

  /** @throws NotSerializableError if the item cannot be decoded */
  read(): unknown {
    if (this.#numbers !== undefined) return this.readNumber()
    this.#index = this.#next
    this.#start = this.#reader.offset
    this.#count = 1
    try {
      if (!this.#isBatched) {
        this.#next++
        return readValue(this.#reader)
      }
      this.#count = readValue(this.#reader) as number
      this.#next += this.#count
      return this.#readItems()
    } catch (error) {
      // Nobody knows where the next item begins. Whatever follows must not be read as an item.
      this.#reader.offset = this.#reader.end
      throw new NotSerializableError(`items[${this.#index}]`, 'the worker cannot decode it', { cause: error })
    }
  }

  /** The task that was read last, as text. The task may have changed its item, so it is decoded again. */
  describe(isApply: boolean): string | undefined {
    if (this.#numbers !== undefined) return describeItem(this.#numbers[this.#position - 1], isApply)
    const end = this.#reader.offset
    const { blocks } = this.#reader
    // The text shows no more than the beginning of a large value.
    this.#reader.blocks = headsOnly
    this.#reader.offset = this.#start
    try {
      const first = readValue(this.#reader)
      return describeItem(this.#isBatched ? this.#readItems() : first, isApply)
    } catch {
      return undefined
    } finally {
      this.#reader.offset = end
      this.#reader.blocks = blocks
    }
  }

  #readItems(): unknown[] {
    return Array.from({ length: this.#count }, () => readValue(this.#reader))
  }

  /** The error of a batch whose result is not a list with one result for each of its items. */
  misfit(result: unknown): BatchResultError | undefined {
    if (!this.#isBatched) return undefined
    const count = this.#count
    if (!Array.isArray(result)) return new BatchResultError(count, result === null ? 'null' : typeof result)
    return result.length === count ? undefined : new BatchResultError(count, `an array of ${result.length}`)
  }
}
