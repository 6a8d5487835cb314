import type { Batch } from '../backend/index.js'
import type { ChunkItems } from './chunk-table.js'
import type { ItemSource } from './source.js'
import { NumberBlock, type Writer, writeValue } from '../codec/index.js'
import { Math } from '../primordials.js'

/** If millrace chooses the chunk size, it adds no items to a payload of this size. */
const CHUNK_BYTES = 256 * 1024
/** The sizes of chunks whose numbers are packed. Below, a block costs more than it saves. Above, it would take much memory at once. */
const PACKED_MIN = 16
const PACKED_MAX = 2 ** 20

/** How to make a chunk. */
export interface ChunkInput {
  /** The index of the first item. */
  readonly base: number
  /** The most tasks. */
  readonly size: number
  /** Whether each task is an array of items. */
  readonly isBatched: boolean
  /** Whether a chunk of large items may be smaller. */
  readonly isFlexible: boolean
  /** Its tasks, as far as they were not taken yet. */
  readonly tasks: ItemSource
  /** Returns false once the call has ended. Taking and encoding items runs code of the user, which may end it. */
  isWanted(): boolean
}

/** The result of making a chunk. */
export interface ChunkEnd {
  /** The number of its tasks. */
  readonly count: number
  /** The number of items that were taken, including those of a task that could not be encoded. */
  readonly taken: number
  readonly items: ChunkItems
  /**
   * The chunk is `full`. The input has `ended` or `thrown`. A task has `failed` and is not in the chunk. Or the message has no room for
   * the `step` that was taken.
   */
  readonly how: 'full' | 'ended' | 'thrown' | 'failed' | 'crowded'
  readonly error: unknown
  /** The number of items of the task that has failed. */
  readonly failed: number | undefined
  readonly step: IteratorResult<unknown, unknown> | undefined
}

/**
 * Writes the payload of the batch's next chunk: the index of its first item, then the items. If all are numbers, they are one block. With
 * `isBatched` each task is an array of items. It is written as the number of items and then each item by itself, so that items share
 * nothing with each other.
 */
export function encodeChunk(batch: Batch, input: ChunkInput): ChunkEnd {
  const isFirst = batch.bytes === 0
  const writer = batch.begin()
  const start = writer.length
  writer.f64(input.base)
  const starts: number[] | undefined = input.isBatched ? [input.base] : undefined
  let count = 0
  let index = input.base
  const end = (how: ChunkEnd['how'], rest: Partial<ChunkEnd> = {}): ChunkEnd => {
    const { error, failed, step } = rest
    return { count, taken: index - input.base, items: { base: input.base, starts }, how, error, failed, step }
  }
  const block = openBlock(writer, input)
  let unpacked: IteratorResult<unknown, unknown> | undefined
  if (block !== undefined) {
    try {
      unpacked = takeNumbers(block, input)
    } catch (error) {
      return end('thrown', { error })
    }
    count = block.count
    index += count
    if (unpacked === undefined || unpacked.done === true) {
      block.end()
      return end(unpacked === undefined ? 'full' : 'ended')
    }
    block.endAsValues()
  }
  while (count < input.size && input.isWanted()) {
    let step: IteratorResult<unknown, unknown>
    try {
      step = unpacked ?? input.tasks.next()
      unpacked = undefined
    } catch (error) {
      return end('thrown', { error })
    }
    if (step.done === true) return end('ended')
    const taskStart = writer.length
    const items = starts === undefined ? undefined : (step.value as readonly unknown[])
    try {
      if (items === undefined) writeValue(writer, step.value, () => `items[${index}]`)
      else writeBatch(writer, items, index)
    } catch (error) {
      writer.length = taskStart
      const isOverfull = writer.isOverfull
      writer.isOverfull = false
      if (isOverfull && !(isFirst && count === 0)) return end('crowded', { step })
      const failed = items?.length ?? 1
      index += failed
      return end('failed', { error, failed })
    }
    count++
    index += items?.length ?? 1
    starts?.push(index)
    if (input.isFlexible && writer.length - start > CHUNK_BYTES) break
  }
  return end('full')
}

/** A block for the items of the chunk, if it may have one. */
function openBlock(writer: Writer, { isBatched, size, tasks }: ChunkInput): NumberBlock | undefined {
  const most = Math.min(size, tasks.left ?? size)
  if (isBatched || most < PACKED_MIN || most > PACKED_MAX) return undefined
  try {
    return new NumberBlock(writer, most)
  } catch {
    writer.isOverfull = false
    return undefined
  }
}

/**
 * Takes items into the block until it is full.
 * @returns the step after its items, if it has not become full: an item that is no number, or the end of the input
 */
function takeNumbers(
  block: NumberBlock,
  { tasks, isWanted }: ChunkInput
): IteratorResult<unknown, unknown> | undefined {
  tasks.addNumbers?.(block, isWanted)
  while (!block.isFull && isWanted()) {
    const step = tasks.next()
    if (step.done === true || typeof step.value !== 'number') return step
    block.add(step.value)
  }
  return undefined
}

function writeBatch(writer: Writer, items: readonly unknown[], index: number): void {
  writeValue(writer, items.length, () => 'items')
  for (let offset = 0; offset < items.length; offset++) {
    writeValue(writer, items[offset], () => `items[${index + offset}]`)
  }
}
