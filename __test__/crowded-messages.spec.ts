import { freemem } from 'node:os'

import test, { type ExecutionContext } from 'ava'

import { ChunkTable, firstItem } from '../src-ts/calls/chunk-table.js'
import { FixedChunkSize } from '../src-ts/calls/chunk-size.js'
import { type ChunkPlan, ChunkWriter } from '../src-ts/calls/chunk-writer.js'
import { readValue } from '../src-ts/codec/decode.js'
import { Reader } from '../src-ts/codec/reader.js'
import { Writer } from '../src-ts/codec/writer.js'
import { Outbox } from '../src-ts/worker/outbox.js'
import { watchedPool } from './helpers/pools.js'
import { within } from './helpers/within.js'

// Chunks are invisible: what can be sent alone is sent, whatever shares a chunk or a frame with it. A message that may hold 1,000 bytes
// stands for one of 2 GiB.
const LIMIT = 1_000
const HEADER = 48

interface SentChunk {
  readonly chunk: number
  readonly base: number
  readonly items: readonly unknown[]
  readonly only: number | undefined
}

/** A backend that keeps what was sent, batch by batch. */
function backend(): { readonly plan: ChunkPlan; readonly sent: SentChunk[][] } {
  const sent: SentChunk[][] = []
  const open = (): unknown => {
    const writer = new Writer(64, LIMIT)
    const chunks: SentChunk[] = []
    let start = 0
    return {
      get bytes() {
        return writer.length
      },
      begin() {
        start = writer.length
        writer.reserve(HEADER)
        writer.length += HEADER
        return writer
      },
      commit({ chunk, count, only }: { chunk: number; count: number; only: number | undefined }) {
        const reader = new Reader()
        reader.reset(writer.bytes, start + HEADER + 8, writer.length)
        const items = Array.from({ length: count }, () => readValue(reader))
        const { buffer, byteOffset } = writer.bytes
        chunks.push({ chunk, base: new DataView(buffer, byteOffset + start + HEADER).getFloat64(0, true), items, only })
      },
      abandon() {
        writer.length = start
      },
      send() {
        if (chunks.length > 0) sent.push(chunks)
      }
    }
  }
  const plan = {
    id: 1,
    backend: { open },
    definition: { id: () => 1 },
    site: { beginItems: () => undefined, endItems: () => undefined },
    flags: 0,
    limits: { timeoutMs: 0, lifespan: 0, retries: 0 },
    size: new FixedChunkSize(8),
    isOrderTasks: true,
    binding: { workers: 2 },
    traces: {},
    nJobs: 2
  }
  return { plan: plan as unknown as ChunkPlan, sent }
}

const text = (length: number): string => 'x'.repeat(length)

function fillAll(
  t: ExecutionContext,
  sizes: readonly number[],
  chunkSize: number
): { sent: SentChunk[][]; failed: number[] } {
  const { plan, sent } = backend()
  const chunks = new ChunkTable()
  const writer = new ChunkWriter(plan, chunks, () => true)
  const failed: number[] = []
  let at = 0
  const next = (): IteratorResult<unknown, unknown> =>
    at < sizes.length ? { done: false, value: text(sizes[at++] ?? 0) } : { done: true, value: undefined }
  for (;;) {
    const { how, index } = writer.fill(chunkSize, { next })
    if (how === 'failed') failed.push(index)
    if (how === 'ended') break
    // As a call does at 16 KiB.
    if (writer.bytes > 100) writer.send()
  }
  writer.send()
  // Every item is where it belongs, once.
  for (const { base, items } of sent.flat()) {
    for (const [offset, item] of items.entries()) {
      t.is((item as string).length, sizes[base + offset] ?? -1)
      t.is(
        firstItem(chunks.itemsOf(sent.flat().find((chunk) => chunk.base === base)?.chunk ?? -1), offset),
        base + offset
      )
    }
  }
  const indexes = [...sent.flat().flatMap(({ base, items }) => items.map((_, offset) => base + offset)), ...failed]
  t.deepEqual(
    indexes.toSorted((a, b) => a - b),
    sizes.map((_, index) => index)
  )
  return { sent, failed }
}

test('items that do not fit into one message go in several, in order', (t) => {
  const { sent, failed } = fillAll(t, [300, 300, 300, 300, 300, 300, 300, 300], 8)
  t.deepEqual(failed, [])
  t.deepEqual(
    sent.map((batch) => batch.map(({ items }) => items.length)),
    [[3], [3], [2]]
  )
})

test('an item of the largest size is sent alone, wherever it is in its chunk', (t) => {
  const largest = LIMIT - HEADER - 8 - 3
  for (const sizes of [
    [largest],
    [1, largest],
    [largest, 1],
    [1, largest, 1],
    [largest, largest, largest],
    [900, 1, largest]
  ]) {
    for (const chunkSize of [1, 2, 8]) t.deepEqual(fillAll(t, sizes, chunkSize).failed, [], String(sizes))
  }
})

test('an item that is too large fails alone, and the items beside it are sent', (t) => {
  for (const sizes of [[2_000], [1, 2_000], [2_000, 1], [300, 300, 2_000, 300, 300, 300], [2_000, 2_000]]) {
    for (const chunkSize of [1, 2, 3, 8]) {
      const { failed } = fillAll(t, sizes, chunkSize)
      t.deepEqual(
        failed,
        sizes.flatMap((size, index) => (size > LIMIT ? [index] : [])),
        String(sizes)
      )
    }
  }
})

test('all messages of a chunk go to the same worker, as without a limit', (t) => {
  const { sent } = fillAll(t, [300, 300, 300, 300, 1, 1, 1, 1, 400, 400, 400, 400], 4)
  const all = sent.flat()
  t.true(all.length > 3)
  for (const { base, only } of all) t.is(only, base < 4 ? 0 : base < 8 ? 1 : 0)
})

interface Frame {
  readonly first: number
  readonly lengths: readonly number[]
}

test('results that do not fit into one message go in several, in order', (t) => {
  const largest = LIMIT - 32 - 8
  const cases: readonly (readonly number[])[] = [
    [300, 300, 300, 300, 300],
    [10, largest, 10],
    [largest, largest],
    [10, 2_000, 10],
    [400, 2_000, 2_000, 400, 400, 400]
  ]
  for (const lengths of cases) {
    const frames: Frame[] = []
    const send = (bytes: Uint8Array, length: number): void => {
      for (let at = 0; at < length;) {
        const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, 8)
        const [payload = 0, , , first = 0, count = 0] = words
        const reader = new Reader()
        reader.reset(bytes, at + 32, at + 32 + payload)
        // A failure is its origin, then the error.
        const next = (): string => {
          const value = readValue(reader)
          return (Array.isArray(value) ? readValue(reader) : value) as string
        }
        frames.push({ first, lengths: Array.from({ length: count }, () => next().length) })
        at += 32 + Math.ceil(payload / 8) * 8
      }
    }
    const outbox = new Outbox(send, { isExceeded: () => false } as never, LIMIT)
    outbox.startChunk(1, 0)
    const failed: number[] = []
    for (const [index, length] of lengths.entries()) {
      if (outbox.addResult(text(length), () => 5) === undefined) continue
      failed.push(index)
      outbox.endResults(0, false)
      outbox.addFailure('too long', { item: undefined, workerId: 0, pid: 1 }, 0, false, false)
    }
    outbox.endResults(0, true)
    outbox.flush()
    t.deepEqual(
      failed,
      lengths.flatMap((length, index) => (length > LIMIT ? [index] : [])),
      String(lengths)
    )
    let next = 0
    for (const { first, lengths: got } of frames) {
      t.is(first, next)
      for (const length of got) {
        t.is(length, failed.includes(next) ? 'too long'.length : (lengths[next] ?? -1), String(lengths))
        next++
      }
    }
    t.is(next, lengths.length)
  }
})

const isRoomy = freemem() > 9e9
const real = isRoomy ? test.serial : test.skip
real('items and results of together more than 2 GiB, in chunks of any size', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const part = new Uint8Array(1_100 * 2 ** 20)
  const lengthOf = (bytes: Uint8Array): number => bytes.length
  const outcomes = await within(pool.mapSettled(lengthOf, [part, part], { chunkSize: 2 }), 'it does not end')
  t.deepEqual(
    outcomes,
    [part, part].map(({ length }) => ({ status: 'fulfilled', value: length }))
  )
  t.is(pool.stats.completed, 2)
})
