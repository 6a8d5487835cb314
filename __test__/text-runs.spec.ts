import assert from 'node:assert'

import test from 'ava'

import { readValue } from '../src-ts/codec/decode.js'
import { writeValue } from '../src-ts/codec/encode.js'
import { Reader } from '../src-ts/codec/reader.js'
import { TextRun } from '../src-ts/codec/text-run.js'
import { Writer } from '../src-ts/codec/writer.js'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'
import { randomNumbers } from './helpers/random.js'

/** Writes texts as a chunk does. */
function writeAll(writer: Writer, texts: readonly string[]): void {
  const run = new TextRun()
  for (const text of texts) {
    if (run.add(writer, text)) continue
    run.end(writer)
    writeValue(writer, text, () => 'value')
  }
  run.end(writer)
}

test('a run of strings is written as each string by itself', (t) => {
  const random = randomNumbers(Number(process.env['MILLRACE_SEED'] ?? 3))
  const below = (limit: number): number => Math.floor(random() * limit)
  const lengths = [0, 1, 12, 13, 39, 40, 41, 100, 127, 128, 129, 255, 1999, 2000, 2001, 5000]
  const fillers = ['x', 'é', 'ÿ', 'я', '\ud800', '\0', '🎉']
  for (let round = 0; round < 200; round++) {
    // Only some lists have wide characters.
    const usable = round % 3 === 0 ? fillers : fillers.slice(0, 3)
    const texts = Array.from({ length: below(200) }, () => {
      const length = lengths[below(lengths.length)] ?? 0
      const filler = usable[below(usable.length)] ?? ''
      return below(2) === 0 ? String(below(1000)).padStart(length, filler) : filler.repeat(length).slice(0, length)
    })
    const together = new Writer()
    writeAll(together, texts)
    const reader = new Reader(together.bytes.slice(0, together.length))
    assert.deepStrictEqual(
      texts.map(() => readValue(reader)),
      texts
    )
    assert.strictEqual(reader.offset, together.length)
    const apart = new Writer()
    for (const text of texts) writeValue(apart, text, () => 'value')
    if (round % 3 !== 0)
      assert.deepStrictEqual(together.bytes.subarray(0, together.length), apart.bytes.subarray(0, apart.length))
  }
  t.pass()
})

test('a string for which there is no room is not added, and those before it are kept', (t) => {
  const writer = new Writer(64, 1000)
  const run = new TextRun()
  const text = 'x'.repeat(100)
  let added = 0
  while (run.add(writer, text)) added++
  t.true(added >= 4 && added < 10, String(added))
  t.false(writer.isOverfull)
  run.end(writer)
  const reader = new Reader(writer.bytes.slice(0, writer.length))
  for (let at = 0; at < added; at++) t.is(readValue(reader), text)
  t.is(reader.offset, writer.length)
})

const lines = Array.from({ length: 3000 }, (_, index) => {
  const line = `${index} `.padEnd(index % 150, index % 97 === 5 ? 'ж' : 'é')
  return index % 500 === 77 ? line.repeat(400) : line
})

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const result of results) list.push(result)
  return list
}

testBoth('lines of all lengths arrive, from every kind of input', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const identity = (line: string): string => line
  async function* later(): AsyncGenerator<string> {
    yield* lines
  }
  t.deepEqual(await pool.map(identity, lines), lines)
  t.deepEqual(await pool.map(identity, lines, { chunkSize: 1 }), lines)
  t.deepEqual(await pool.map((batch: string[]) => batch, lines, { batch: 7 }), lines)
  t.deepEqual(await collect(pool.imap(identity, new Set(lines))), [...new Set(lines)])
  t.deepEqual(await collect(pool.imap(identity, later())), lines)
  t.deepEqual((await collect(pool.imapUnordered(identity, lines))).toSorted(), lines.toSorted())
})

testBoth('strings between other items, of which some cannot be sent', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const items = lines.flatMap((line, index): unknown[] =>
    index % 20 === 3 ? [line, index] : index % 30 === 4 ? [line, () => 1, { line }] : [line]
  )
  const results = await pool.mapSettled((item: unknown) => item, items, { chunkSize: 100 })
  for (const [index, result] of results.entries()) {
    const item = items[index]
    if (typeof item === 'function') t.is(result.status, 'rejected', String(index))
    else t.deepEqual(result, { status: 'fulfilled', value: item })
  }
})

testBoth('an input that throws after strings ends the call with its error', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  function* failing(): Generator<string> {
    yield* lines.slice(0, 130)
    throw new SyntaxError('no more lines')
  }
  for (const chunkSize of [1, 10, 64]) {
    const seen: string[] = []
    await t.throwsAsync(
      async () => {
        for await (const line of pool.imap((each: string) => each, failing(), { chunkSize })) seen.push(line)
      },
      { instanceOf: SyntaxError, message: 'no more lines' }
    )
    t.deepEqual(seen, lines.slice(0, seen.length))
  }
  t.deepEqual(
    await pool.map((line: string) => line.length, lines.slice(0, 10)),
    lines.slice(0, 10).map((line) => line.length)
  )
})
