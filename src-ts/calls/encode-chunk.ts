import type { Batch } from '../backend/index.js'
import { writeValue } from '../codec/index.js'

/** A payload is not made larger than this by adding items to it, where the size of chunks is ours to choose. */
const CHUNK_BYTES = 256 * 1024

/** What a chunk is made of. */
export interface ChunkInput {
  /** Index of the first item. */
  readonly base: number
  /** Items, at the most. */
  readonly size: number
  /** A chunk of large items may be smaller. */
  readonly isFlexible: boolean
  next(): IteratorResult<unknown, unknown>
  /** False once the call has ended: taking and encoding items runs code of the user. */
  isWanted(): boolean
}

/** How the making of a chunk ended. */
export interface ChunkEnd {
  /** Items in it. */
  readonly count: number
  /** Items taken: one more when the last one could not be encoded. */
  readonly taken: number
  /**
   * `full`; the input has `ended` or has `thrown`; an item has `failed`, and is not in the chunk; there is no room for the `step` that was
   * taken beside what is in the batch.
   */
  readonly how: 'full' | 'ended' | 'thrown' | 'failed' | 'crowded'
  readonly error?: unknown
  readonly step?: IteratorResult<unknown, unknown>
}

/** Writes the payload of the batch's next chunk: the index of its first item, then the items. */
export function encodeChunk(batch: Batch, input: ChunkInput): ChunkEnd {
  const isFirst = batch.bytes === 0
  const writer = batch.begin()
  const start = writer.length
  writer.f64(input.base)
  let count = 0
  while (count < input.size && input.isWanted()) {
    let step: IteratorResult<unknown, unknown>
    try {
      step = input.next()
    } catch (error) {
      return { count, taken: count, how: 'thrown', error }
    }
    if (step.done === true) return { count, taken: count, how: 'ended' }
    const index = input.base + count
    const mark = writer.length
    try {
      writeValue(writer, step.value, () => `items[${index}]`)
    } catch (error) {
      writer.length = mark
      const isOverfull = writer.isOverfull
      writer.isOverfull = false
      if (isOverfull && !(isFirst && count === 0)) return { count, taken: count, how: 'crowded', step }
      return { count, taken: count + 1, how: 'failed', error }
    }
    count++
    if (input.isFlexible && writer.length - start > CHUNK_BYTES) break
  }
  return { count, taken: count, how: 'full' }
}
