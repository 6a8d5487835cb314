import type { Batch } from '../backend/index.js'
import type { ChunkItems } from './chunk-table.js'
import type { ItemSource } from './source.js'
import { NumberBlock, TextRun, type Writer, writeValue } from '../codec/index.js'
import { Math } from '../primordials.js'
import { type TraceSource, writeChunkHead } from '../protocol/index.js'
import type { MapPlan } from './map-plan.js'

/** If millrace chooses the chunk size, it adds no items to a payload of this size. */
const CHUNK_BYTES = 256 * 1024
/** The sizes of chunks whose numbers are packed. Below, a block costs more than it saves. Above, it would take much memory at once. */
const PACKED_MIN = 16
const PACKED_MAX = 2 ** 20

/** The parts of a call's plan that its payloads depend on. */
type EncoderPlan = Pick<MapPlan, 'batch' | 'size' | 'clock' | 'traces' | 'site'>

type Step = IteratorResult<unknown, unknown>

/**
 * How a chunk has ended. It is `full`. The input has `ended` or `thrown`. A task has `failed` and is not in the chunk. Or the message has
 * no room for the step that was taken.
 */
export type ChunkEnd = 'full' | 'ended' | 'thrown' | 'failed' | 'crowded'

/**
 * Makes the payloads of a call's chunks. What it says about a chunk is true until the next one begins. With chunks of one item it is in
 * the way of every item, so it makes no objects by itself.
 */
export class ChunkEncoder implements ChunkItems {
  readonly #isBatched: boolean
  readonly #isFlexible: boolean
  readonly #isWanted: () => boolean
  readonly #clock: (() => number) | undefined
  readonly #traces: TraceSource
  readonly #site: { readonly name: string }
  readonly #run = new TextRun()
  /** The index of its first item. */
  base = 0
  /** With batches: the index of the first item of each task, then that of the item after them. */
  starts: number[] | undefined
  /** The number of its tasks. */
  count = 0
  /** The index of the item after its tasks. */
  index = 0
  how: ChunkEnd = 'full'
  /** The error of the input or of the task. */
  error: unknown
  /** The number of items of the task that has failed. */
  failed = 0
  /** The step that the message had no room for. */
  step: Step | undefined

  /** @param isWanted Returns false once the call has ended. Taking and encoding items runs code of the user, which may end it. */
  constructor({ batch, size, clock, traces, site }: EncoderPlan, isWanted: () => boolean) {
    this.#isBatched = batch !== undefined
    this.#isFlexible = size.isFlexible
    this.#isWanted = isWanted
    this.#clock = clock
    this.#traces = traces
    this.#site = site
  }

  /** The number of items that were taken, including those of a task that could not be encoded. */
  get taken(): number {
    return this.index + this.failed - this.base
  }

  /**
   * Writes the payload of the batch's next chunk: the index of its first item, then the items. If all are numbers, they are one block.
   * Batches are written as the number of items and then each item by itself, so that items share nothing with each other.
   * @param base The index of the first item.
   * @param size The most tasks.
   */
  encode(batch: Batch, base: number, size: number, tasks: ItemSource): void {
    const isFirst = batch.bytes === 0
    const writer = batch.begin()
    this.base = base
    this.starts = this.#isBatched ? [base] : undefined
    this.count = 0
    this.index = base
    this.error = undefined
    this.failed = 0
    this.step = undefined
    this.how = this.#encode(writer, isFirst, size, tasks)
    if (this.how === 'thrown') this.#run.clear()
    else this.#run.end(writer)
  }

  #encode(writer: Writer, isFirst: boolean, size: number, tasks: ItemSource): ChunkEnd {
    const start = writer.length + writer.blockBytes
    writeChunkHead(writer, this.base, this.#clock?.(), this.#traces.current?.chunkTrace(this.#site.name))
    let step: Step | undefined
    try {
      const block = this.#openBlock(writer, size, tasks)
      if (block !== undefined) {
        step = this.#takeNumbers(block, tasks)
        if (step === undefined) return 'full'
      }
      while (this.count < size && this.#isWanted()) {
        step ??= tasks.next()
        if (step.done === true) return 'ended'
        if (!this.#add(writer, step) && !this.#write(writer, step, isFirst)) {
          return this.step === undefined ? 'failed' : 'crowded'
        }
        step = undefined
        if (this.#isFlexible && writer.length + writer.blockBytes + this.#run.length - start > CHUNK_BYTES) break
      }
      return 'full'
    } catch (error) {
      this.error = error
      return 'thrown'
    }
  }

  /** Writes a task later, together with others. False if it has to be written now. */
  #add(writer: Writer, step: Step): boolean {
    if (typeof step.value !== 'string' || this.#isBatched || !this.#run.add(writer, step.value)) return false
    this.count++
    this.index++
    return true
  }

  /** Writes a task. False if it could not be written. */
  #write(writer: Writer, step: Step, isFirst: boolean): boolean {
    this.#run.end(writer)
    const start = writer.length
    const items = this.starts === undefined ? undefined : (step.value as readonly unknown[])
    try {
      if (items === undefined) writeValue(writer, step.value, this.#root)
      else this.#writeBatch(writer, items)
    } catch (error) {
      writer.rewind(start)
      const isOverfull = writer.isOverfull
      writer.isOverfull = false
      if (isOverfull && !(isFirst && this.count === 0)) this.step = step
      else {
        this.error = error
        this.failed = items?.length ?? 1
      }
      return false
    }
    this.count++
    this.index += items?.length ?? 1
    this.starts?.push(this.index)
    return true
  }

  #writeBatch(writer: Writer, items: readonly unknown[]): void {
    writeValue(writer, items.length, this.#root)
    for (let offset = 0; offset < items.length; offset++) {
      writeValue(writer, items[offset], () => `items[${this.index + offset}]`)
    }
  }

  readonly #root = (): string => `items[${this.index}]`

  /** A block for the items of the chunk, if it may have one. */
  #openBlock(writer: Writer, size: number, { left = size }: ItemSource): NumberBlock | undefined {
    const most = Math.min(size, left)
    if (this.#isBatched || most < PACKED_MIN || most > PACKED_MAX) return undefined
    try {
      return new NumberBlock(writer, most)
    } catch {
      writer.isOverfull = false
      return undefined
    }
  }

  /**
   * Takes items into the block until it is full or the input ends. If there is an item that is no number, the block becomes values.
   * @returns the step after its items, if it has not become full
   */
  #takeNumbers(block: NumberBlock, tasks: ItemSource): Step | undefined {
    tasks.addNumbers?.(block, this.#isWanted)
    let step: Step | undefined
    while (!block.isFull && step === undefined && this.#isWanted()) {
      step = tasks.next()
      if (step.done !== true && typeof step.value === 'number') {
        block.add(step.value)
        step = undefined
      }
    }
    this.count = block.count
    this.index += block.count
    if (step === undefined || step.done === true) block.end()
    else block.endAsValues()
    return step
  }
}
