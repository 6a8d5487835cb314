import test from 'ava'

import { describeTimes } from '../src-ts/insights/distribution.js'
import {
  BUCKETS,
  bucketOf,
  bucketStart,
  firstIndex,
  itemsAt,
  madeAt,
  writeChunkHead
} from '../src-ts/protocol/index.js'
import { randomNumbers } from './helpers/random.js'

/** Times of 62 ns to 68 minutes, evenly by their logarithm. */
function times(howMany: number): readonly number[] {
  const next = randomNumbers(5)
  const [least, most] = [Math.log(62.5e-6), Math.log(68 * 60_000)]
  return Array.from({ length: howMany }, () => Math.exp(least + next() * (most - least)))
}

test('each time is in its bucket, and at most 3.2 % from the middle of it', (t) => {
  for (const time of times(20_000)) {
    const bucket = bucketOf(time)
    const [from, to] = [bucketStart(bucket), bucketStart(bucket + 1)]
    const middle = (from + to) / 2
    if (time < from || time >= to || Math.abs(middle - time) > 0.032 * time) t.fail(`${time}: ${from} to ${to}`)
  }
  t.pass()
})

test('times beyond the buckets are in the first and in the last one', (t) => {
  for (const time of [0, 1e-9, 62e-6]) t.is(bucketOf(time), 0)
  for (const time of [1e9, Number.MAX_VALUE, Infinity, NaN]) t.is(bucketOf(time), BUCKETS - 1)
})

test('percentiles are within 3.2 % of the true ones', (t) => {
  const all = [...times(5_000)].toSorted((a, b) => a - b)
  const counts = new Uint32Array(BUCKETS)
  for (const time of all) counts[bucketOf(time)] = (counts[bucketOf(time)] ?? 0) + 1
  const sum = all.reduce((one, other) => one + other, 0)
  const { p50, p90, p99, p999, mean, max, count } = describeTimes(counts, sum, all.at(-1))
  const rank = (part: number): number => all[Math.ceil(all.length * part) - 1] ?? 0
  for (const [found, part] of [
    [p50, 0.5],
    [p90, 0.9],
    [p99, 0.99],
    [p999, 0.999]
  ] as const) {
    // prettier-ignore
    t.true(Math.abs(found - rank(part)) <= 0.032 * rank(part), `${part}: ${found}, not ${rank(part)}`)
  }
  t.deepEqual([count, mean, max], [5_000, sum / 5_000, all.at(-1)])
})

test('a chunk says when it was made only with insights, in 8 more bytes', (t) => {
  const write = (first: number, date: number | undefined): Uint8Array => {
    const values: number[] = []
    writeChunkHead({ f64: (value) => values.push(value) }, first, date, undefined)
    return new Uint8Array(new Float64Array(values).buffer)
  }
  for (const first of [0, 1, 2 ** 53 - 2]) {
    const [plain, dated] = [write(first, undefined), write(first, 1234.5)]
    const [head = NaN, datedHead = NaN] = [new Float64Array(plain.buffer)[0], new Float64Array(dated.buffer)[0]]
    t.deepEqual([plain.length, itemsAt(head, plain), firstIndex(head), madeAt(head, plain)], [8, 8, first, undefined])
    t.deepEqual([dated.length, itemsAt(datedHead, dated), firstIndex(datedHead), madeAt(datedHead, dated)], [16, 16, first, 1234.5]) // prettier-ignore
  }
})
