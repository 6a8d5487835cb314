import assert from 'node:assert'

import test from 'ava'

import { ResultList } from '../src-ts/calls/result-list.js'
import type { Sink } from '../src-ts/calls/sink.js'
import { TaskOutcomes } from '../src-ts/calls/task-outcomes.js'
import { readConstants } from '../src-ts/codec/constants.js'
import { NumberBlock } from '../src-ts/codec/number-block.js'
import { readBlock, readBlockStart } from '../src-ts/codec/packed.js'
import { readValue } from '../src-ts/codec/decode.js'
import { Reader } from '../src-ts/codec/reader.js'
import { Writer } from '../src-ts/codec/writer.js'
import { randomNumbers } from './helpers/random.js'

/** A block of numbers behind `before` zeros. */
function blockOf(numbers: readonly number[], before = 0, most = numbers.length): Uint8Array {
  const writer = new Writer(64)
  writer.reserve(before)
  writer.bytes.fill(0, 0, before)
  writer.length = before
  const block = new NumberBlock(writer, most)
  for (const number of numbers) block.add(number)
  block.end()
  return writer.bytes.subarray(0, writer.length)
}

const LISTS: Readonly<Record<string, readonly number[]>> = {
  none: [],
  integers: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)],
  doubles: [0.5, -0, NaN, Infinity, 5e-324],
  'integers, then a double': [1, 2, 3, 2 ** 31],
  'integers, then -0': [0, 1, -0, 0],
  many: Array.from({ length: 10_000 }, (_, at) => at - 5_000)
}

for (const [what, numbers] of Object.entries(LISTS)) {
  test(`a block keeps its numbers: ${what}`, (t) => {
    for (const before of [0, 8, 64]) {
      const bytes = blockOf(numbers, before)
      const read = readBlock(bytes, before, bytes.length)
      assert.deepStrictEqual(Array.from(read ?? [1]), numbers)
    }
    // Where the bytes happen to be at an odd place, they are copied.
    const bytes = blockOf(numbers)
    const moved = new Uint8Array(bytes.length + 3)
    moved.set(bytes, 3)
    assert.deepStrictEqual(Array.from(readBlock(moved, 3, moved.length) ?? [1]), numbers)
    t.pass()
  })

  test(`a block ends as values with tags: ${what}`, (t) => {
    const writer = new Writer(64)
    const block = new NumberBlock(writer, numbers.length)
    for (const number of numbers) block.add(number)
    block.endAsValues()
    const reader = new Reader()
    reader.reset(writer.bytes, 0, writer.length)
    assert.deepStrictEqual(
      numbers.map(() => readValue(reader)),
      numbers
    )
    t.is(reader.offset, writer.length)
  })
}

test('integers take four bytes each, doubles eight', (t) => {
  t.is(blockOf([1, 2, 3]).length, 8 + 12)
  t.is(blockOf([1, 2, 3.5]).length, 8 + 24)
  t.is(blockOf([1], 0, 1_000).length, 8 + 4)
})

test('a block that the message has no room for changes nothing', (t) => {
  const writer = new Writer(64, 1_000)
  writer.f64(0)
  t.throws(() => new NumberBlock(writer, 1_000))
  t.true(writer.isOverfull)
  t.is(writer.length, 8)
})

test('bytes that are not exactly one block are refused', (t) => {
  const block = blockOf([1, 2, 3])
  t.deepEqual(Array.from(readBlock(block, 0, block.length) ?? []), [1, 2, 3])
  const cases: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
    'too short': (bytes) => bytes.subarray(0, bytes.length - 1),
    'a number less': (bytes) => bytes.subarray(0, bytes.length - 4),
    'without its numbers': (bytes) => bytes.subarray(0, 8),
    'without its header': (bytes) => bytes.subarray(0, 4),
    'too long': (bytes) => Uint8Array.from([...bytes, 0]),
    'a larger count': (bytes) => bytes.with(4, 4),
    'a huge count': (bytes) => bytes.with(7, 255),
    'another kind': (bytes) => bytes.with(1, 2),
    'an unknown kind': (bytes) => bytes.with(1, 77),
    'a value with a tag': (bytes) => bytes.with(0, 5)
  }
  for (const [what, change] of Object.entries(cases)) {
    const bytes = change(Uint8Array.from(block))
    t.is(readBlock(bytes, 0, bytes.length), undefined, what)
  }
  t.is(readBlock(block, 0, block.length + 8), undefined)
})

test('the start of a block that was cut is read as far as it goes', (t) => {
  const block = blockOf([1, 2, 3])
  t.deepEqual(Array.from(readBlockStart(block, 0, 17) ?? []), [1, 2])
  t.deepEqual(Array.from(readBlockStart(block, 0, 8) ?? [0]), [])
  t.is(readBlockStart(block, 0, 7), undefined)
})

/** What a call of `count` tasks gets from the bytes of an outcome. */
function outcomes(bytes: Uint8Array, count: number, isBatched = false): { values: unknown[]; failed: number[] } {
  const values: unknown[] = []
  const failed: number[] = []
  const sink = {
    value: (index: number, value: unknown) => (values[index] = value),
    several(index: number, packed: ArrayLike<unknown>) {
      for (let at = 0; at < packed.length; at++) values[index + at] = packed[at]
    }
  } as unknown as Sink
  const wanted = (): boolean => true
  const outcome = new TaskOutcomes(sink, isBatched, wanted, (index, items) => {
    for (let at = 0; at < items; at++) failed.push(index + at)
  })
  const reader = new Reader()
  reader.reset(bytes, 0, bytes.length)
  const starts = isBatched ? Array.from({ length: count + 1 }, (_, at) => at) : undefined
  outcome.read(reader, { base: 0, starts }, 0, count)
  return { values, failed }
}

/** A block of results, and whether each of them was taken. */
function resultBlock(results: readonly unknown[]): { readonly bytes: Uint8Array; readonly taken: readonly boolean[] } {
  const writer = new Writer(64)
  const block = new NumberBlock(writer, results.length)
  const taken = results.map((result) => block.addResult(result))
  block.end()
  return { bytes: writer.bytes.subarray(0, writer.length), taken }
}

test('a block of results keeps constants, a byte each', (t) => {
  const constants = [true, false, undefined, null, true, true]
  const { bytes } = resultBlock(constants)
  t.is(bytes.length, 8 + constants.length)
  t.deepEqual(readConstants(bytes, 0, bytes.length), constants)
  t.deepEqual(outcomes(bytes, constants.length), { values: constants, failed: [] })
})

test('a block of results has numbers or constants, and refuses anything else', (t) => {
  t.deepEqual(resultBlock([1, undefined, 2, true, -0]).taken, [true, false, true, false, true])
  t.deepEqual(resultBlock([true, 1, null, -0, false]).taken, [true, false, true, false, true])
  const others = ['', '1', 0n, {}, [], Symbol.iterator, () => true, Object(true), Object(1)]
  t.deepEqual(resultBlock(others).taken, Array(others.length).fill(false))
  t.deepEqual(resultBlock(others).bytes.length, 8)
})

test('constants are not read as numbers, numbers not as constants', (t) => {
  const constants = resultBlock([true, false, undefined, null]).bytes
  t.is(readBlock(constants, 0, constants.length), undefined)
  t.is(readConstants(blockOf([1, 2]), 0, 16), undefined)
})

test('bytes that are not exactly one block of constants are refused', (t) => {
  const { bytes } = resultBlock([true, false, undefined])
  const all = { values: [], failed: [0, 1, 2] }
  const cases: Readonly<Record<string, Uint8Array>> = {
    'too short': bytes.subarray(0, bytes.length - 1),
    'without its header': bytes.subarray(0, 5),
    'too long': Uint8Array.from([...bytes, 0]),
    'a larger count': bytes.with(4, 4),
    'a huge count': bytes.with(7, 255),
    'another kind': bytes.with(1, 1),
    'an unknown byte': bytes.with(9, 4)
  }
  for (const [what, changed] of Object.entries(cases)) {
    t.is(readConstants(changed, 0, changed.length), undefined, what)
    t.deepEqual(outcomes(changed, 3), all, what)
  }
  t.deepEqual(outcomes(bytes, 2), { values: [], failed: [0, 1] })
  t.deepEqual(outcomes(bytes, 3, true), all)
})

test('an outcome with a block of garbage fails its own tasks, each once', (t) => {
  const block = blockOf([10, 20, 30])
  t.deepEqual(outcomes(block, 3), { values: [10, 20, 30], failed: [] })
  const all = { values: [], failed: [0, 1, 2] }
  t.deepEqual(outcomes(blockOf([10, 20]), 3), all)
  t.deepEqual(outcomes(blockOf([10, 20, 30, 40]), 3), all)
  t.deepEqual(outcomes(block.subarray(0, block.length - 1), 3), all)
  t.deepEqual(outcomes(block, 3, true), all)
  t.deepEqual(outcomes(new Uint8Array(16), 3), all)
  // Whatever the bytes are: each task ends once.
  const random = randomNumbers(20_261_128)
  const below = (limit: number): number => Math.floor(random() * limit)
  for (let round = 0; round < 2_000; round++) {
    const bytes = Uint8Array.from(round % 2 === 0 ? block : blockOf([0.5, 20, 30]))
    const changed = bytes.subarray(0, below(4) === 0 ? below(bytes.length) : bytes.length)
    for (let change = below(3); change >= 0; change--) changed[below(changed.length)] = below(256)
    const { values, failed } = outcomes(changed, 3)
    t.is(Object.keys(values).length + failed.length, 3)
  }
})

test('results in any order become a list', (t) => {
  const blocks: readonly (readonly [number, readonly number[]])[] = [
    [6, [6.5, 7]],
    [0, [0, 1, 2]],
    [3, [3, 4, 5]]
  ]
  for (const expected of [0, 8, 20]) {
    const list = new ResultList()
    list.expect(expected)
    for (const [index, numbers] of blocks) list.setSeveral(index, Float64Array.from(numbers))
    list.set(1, 'one')
    t.deepEqual(list.take(), [0, 'one', 2, 3, 4, 5, 6.5, 7])
  }
  const empty = new ResultList()
  empty.expect(5)
  t.deepEqual(empty.take(), [])
})
