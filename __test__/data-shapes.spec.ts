import assert from 'node:assert'

import test from 'ava'

import type { MapOptions } from '../dist/index.js'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'
import { randomNumbers } from './helpers/random.js'
import { assertSame } from './helpers/same.js'
import { ShapedValues } from './helpers/shaped-values.js'

// Another seed for a run of one's own; a failure tells which one it was.
const seed = Number(process.env['MILLRACE_SEED'] ?? 20_261_128)
const SHAPES = 400

/** Twice the same values: getters may change them, so those that are sent were never read. */
function twice(count: number, from: number): readonly [sent: unknown[], cloned: unknown[]] {
  const [sent, cloned] = [0, 0].map(() => {
    const values = new ShapedValues(randomNumbers(from), SHAPES)
    return Array.from({ length: count }, () => values.next())
  }) as [unknown[], unknown[]]
  return [sent, cloned.map((value) => structuredClone(value))]
}

function check(back: readonly unknown[], wanted: readonly unknown[], label: string): void {
  assert.strictEqual(back.length, wanted.length, label)
  for (const [index, value] of wanted.entries()) {
    assert.deepStrictEqual(back[index], value, `${label}, value ${index}`)
    assertSame(back[index], value, `${label}, value ${index}`)
  }
}

const same = (value: unknown): unknown => value

testBoth(`10,000 values of ${SHAPES} shapes, mixed in chunks, arrive as from structuredClone`, async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const ways: readonly MapOptions[] = [{}, { chunkSize: 1 }, { chunkSize: 7 }, { chunkSize: 500 }, { chunkSize: 2500 }]
  for (const [way, options] of ways.entries()) {
    const [sent, wanted] = twice(2000, seed + way)
    const back = await pool.map(same, sent, options)
    check(back, wanted, `seed ${seed + way}`)
  }
  t.pass()
})

testBoth('values of many shapes arrive through apply, several in one call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const [sent, wanted] = twice(600, seed + 100)
  const calls = Array.from({ length: 200 }, (_, call) => {
    const args = sent.slice(3 * call, 3 * call + 3)
    return pool.apply((...all: unknown[]) => all, args)
  })
  const back = (await Promise.all(calls)).flat()
  check(back, wanted, `seed ${seed + 100}`)
  t.pass()
})

test('the comparison sees what a deep comparison does not', (t) => {
  const shared = { a: 1 }
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 }
    ],
    [
      [shared, shared],
      [{ a: 1 }, { a: 1 }]
    ],
    [Object.freeze({ a: 1 }), { a: 1 }],
    [new Set([shared]), new Set([Object.freeze({ a: 1 })])]
  ]
  for (const [one, other] of pairs) {
    assert.deepStrictEqual(one, other)
    assertSame(one, one, 'itself')
  }
  t.throws(() => assertSame(pairs[0]?.[0], pairs[0]?.[1], 'order'), { message: /other keys/ })
  t.throws(() => assertSame(pairs[1]?.[1], pairs[1]?.[0], 'identity'), { message: /another object/ })
  t.throws(() => assertSame(pairs[2]?.[0], pairs[2]?.[1], 'frozen'), { message: /no ordinary entry/ })
  t.throws(() => assertSame([-0], [0], 'zero'))
  t.throws(() => assertSame([undefined], Array.from({ length: 1 }).slice(1), 'hole'))
})
