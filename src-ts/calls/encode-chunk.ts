import type { Batch } from '../backend/index.js'
import type { ChunkItems } from './chunk-table.js'
import { type Writer, writeValue } from '../codec/index.js'

/** A payload is not made larger than this by adding items to it, where the size of chunks is ours to choose. */
const CHUNK_BYTES = 256 * 1024

/** What a chunk is made of. */
export interface ChunkInput {
  /** Index of the first item. */
  readonly base: number
  /** Tasks, at the most. */
  readonly size: number
  /** Each task is an array of items. */
  readonly isBatched: boolean
  /** A chunk of large items may be smaller. */
  readonly isFlexible: boolean
  next(): IteratorResult<unknown, unknown>
  /** False once the call has ended: taking and encoding items runs code of the user. */
  isWanted(): boolean
}

/** How the making of a chunk ended. */
export interface ChunkEnd {
  /** Tasks in it. */
  readonly count: number
  /** Items taken, those of a task that could not be encoded included. */
  readonly taken: number
  readonly items: ChunkItems
  /**
   * `full`; the input has `ended` or has `thrown`; a task has `failed`, and is not in the chunk; there is no room for the `step` that was
   * taken beside what is in the batch.
   */
  readonly how: 'full' | 'ended' | 'thrown' | 'failed' | 'crowded'
  readonly error?: unknown
  /** Items of the task that has failed. */
  readonly failed?: number
  readonly step?: IteratorResult<unknown, unknown>
}

/**
 * Writes the payload of the batch's next chunk: the index of its first item, then the items. With `isBatched` each task is an array of
 * items, written as their number and the items, so that they share nothing with each other.
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
    return { count, taken: index - input.base, items: { base: input.base, starts }, how, ...rest }
  }
  while (count < input.size && input.isWanted()) {
    let step: IteratorResult<unknown, unknown>
    try {
      step = input.next()
    } catch (error) {
      return end('thrown', { error })
    }
    if (step.done === true) return end('ended')
    const mark = writer.length
    const items = starts === undefined ? undefined : (step.value as readonly unknown[])
    try {
      if (items === undefined) writeValue(writer, step.value, () => `items[${index}]`)
      else writeBatch(writer, items, index)
    } catch (error) {
      writer.length = mark
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

function writeBatch(writer: Writer, items: readonly unknown[], index: number): void {
  writeValue(writer, items.length, () => 'items')
  for (let place = 0; place < items.length; place++) {
    writeValue(writer, items[place], () => `items[${index + place}]`)
  }
}
