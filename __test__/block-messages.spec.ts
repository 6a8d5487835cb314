import assert from 'node:assert'

import test from 'ava'

import { Blocks } from '../src-ts/backend/local/blocks.js'
import { BLOCK_BYTES, BLOCK_SPACE_BYTES } from '../src-ts/codec/blocks.js'
import { readValue } from '../src-ts/codec/decode.js'
import { writeValue } from '../src-ts/codec/encode.js'
import { Reader } from '../src-ts/codec/reader.js'
import { IN_BLOCK } from '../src-ts/codec/tags.js'
import { Writer } from '../src-ts/codec/writer.js'
import type { RawPool } from '../index.js'
import { randomNumbers } from './helpers/random.js'

const seed = Number(process.env['MILLRACE_SEED'] ?? 20_261_130)
const UNIT = 64 * 1024
const SOURCE = 7

/** The memory of a worker's large results, as the parent sees it: it reads what lies inside, and nothing else. */
class Memory {
  readonly bytes = new Uint8Array(64 * UNIT)
  #used = 0
  /** The most bytes that were asked for since a message began. */
  asked = 0

  /** Whatever this program puts into a block is there. */
  put(bytes: Uint8Array): number {
    const place = this.#used
    this.bytes.set(bytes, place * UNIT)
    this.#used += Math.ceil(bytes.length / UNIT)
    return place
  }

  empty(): void {
    this.#used = 0
  }

  readBlock(source: number, place: number, into: Uint8Array): boolean {
    this.asked += into.length
    const at = place * UNIT
    if (source !== SOURCE || at + into.length > this.bytes.length) return false
    into.set(this.bytes.subarray(at, at + into.length))
    return true
  }
}

function large(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 13 + first) & 255)
}

function valuesFor(round: number): unknown[] {
  const bytes = large(BLOCK_BYTES + round, round)
  const text = 'łÿ'.repeat(300_000).slice(0, 524_288 + round)
  return [
    bytes,
    Buffer.from(bytes),
    new Float64Array(large(40_000, round).buffer),
    {
      rows: [
        { id: round, data: bytes },
        { id: 2, data: bytes }
      ],
      text: round % 4 === 0 ? text : 'short'
    },
    new Map([['x', [new DataView(large(70_000, 3).buffer, 8), text.slice(0, 3)]]])
  ]
}

function reading(memory: Memory): { reader: Reader; open: (source: number) => void } {
  const raw = { readBlock: memory.readBlock.bind(memory), giveBackBlocks: () => true }
  const blocks = new Blocks(raw as unknown as RawPool, () => false)
  const reader = new Reader()
  reader.blocks = blocks
  return { reader, open: (source) => blocks.open(source) }
}

function encoded(values: readonly unknown[], memory: Memory): Uint8Array {
  const writer = new Writer()
  writer.blocks = memory
  writer.beginShared()
  for (const value of values) writeValue(writer, value, () => 'result')
  return writer.bytes.slice(0, writer.length)
}

test('messages with blocks are read as they were written', (t) => {
  const memory = new Memory()
  const { reader, open } = reading(memory)
  for (let round = 0; round < 12; round++) {
    memory.empty()
    const values = valuesFor(round)
    const bytes = encoded(values, memory)
    t.true(bytes.length < 32 * 1024, `the large values are in blocks, and ${bytes.length} bytes in the message`)
    open(SOURCE)
    reader.reset(bytes, 0, bytes.length)
    for (const value of values) assert.deepStrictEqual(readValue(reader), value)
    t.is(reader.offset, bytes.length)
  }
})

test('a message with blocks, changed at random, becomes values or one plain error', (t) => {
  const random = randomNumbers(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const memory = new Memory()
  const { reader, open } = reading(memory)
  const values = valuesFor(1)
  const whole = encoded(values, memory)
  const places = [...whole.keys()].filter((at) => whole[at] === IN_BLOCK)
  const ends = { values: 0, errors: 0 }
  for (let round = 0; round < 1500; round++) {
    const bytes = Uint8Array.from(whole)
    for (let change = below(3); change >= 0; change--) {
      // Near a reference to a block, which is a small part of the message, or anywhere.
      const at = below(3) > 0 ? (places[below(places.length)] ?? 0) + below(8) : below(bytes.length)
      bytes[at] = below(3) > 0 ? below(40) : below(256)
    }
    // The worker writes into its memory meanwhile.
    for (let change = below(50); change > 0; change--) memory.bytes[below(memory.bytes.length)] = below(256)
    const end = below(5) === 0 ? below(bytes.length) : bytes.length
    memory.asked = 0
    open(below(20) === 0 ? 0 : SOURCE)
    reader.reset(bytes, 0, end)
    try {
      for (let count = values.length; count > 0; count--) readValue(reader)
      ends.values++
    } catch (error) {
      assert.ok(
        error instanceof RangeError || error instanceof TypeError,
        `seed ${seed}, round ${round}: ${String(error)}`
      )
      ends.errors++
    }
    assert.ok(reader.offset <= end, `seed ${seed}, round ${round}: read beyond the message`)
    assert.ok(memory.asked <= BLOCK_SPACE_BYTES, `seed ${seed}, round ${round}: asked for ${memory.asked} bytes`)
  }
  t.true(ends.values > 50 && ends.errors > 50, JSON.stringify(ends))
  // Nothing is left of it.
  memory.empty()
  const bytes = encoded(values, memory)
  open(SOURCE)
  reader.reset(bytes, 0, bytes.length)
  for (const value of values) assert.deepStrictEqual(readValue(reader), value)
})

test('random bytes that begin with a reference to a block take no memory that no honest message takes', (t) => {
  const random = randomNumbers(seed + 1)
  const below = (limit: number): number => Math.floor(random() * limit)
  const memory = new Memory()
  const { reader, open } = reading(memory)
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from({ length: 1 + below(40) }, () => (below(4) === 0 ? IN_BLOCK : below(256)))
    bytes[0] = IN_BLOCK
    memory.asked = 0
    open(SOURCE)
    reader.reset(bytes, 0, bytes.length)
    try {
      while (reader.offset < bytes.length) readValue(reader)
    } catch (error) {
      assert.ok(
        error instanceof RangeError || error instanceof TypeError,
        `seed ${seed}, round ${round}: ${String(error)}`
      )
    }
    assert.ok(memory.asked <= BLOCK_SPACE_BYTES)
  }
  t.pass()
})
