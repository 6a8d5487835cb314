// Encoding and decoding one value, against what Node has. Run: node --import=@oxc-node/core/register bench/codec.mjs
import { deserialize, serialize } from 'node:v8'

import { readValue } from '../src-ts/codec/decode.js'
import { writeValue } from '../src-ts/codec/encode.js'
import { Reader } from '../src-ts/codec/reader.js'
import { Writer } from '../src-ts/codec/writer.js'

const WARM_MS = 50
const ROUND_MS = 20
const ROUNDS = 12

const nested = {
  id: 'b1946ac9-2492-4d2f-9ef1-0f6f3d8a0b11',
  user: { name: 'Ada Lovelace', mail: 'ada@example.org', roles: ['admin', 'author', 'reviewer'], active: true },
  orders: Array.from({ length: 8 }, (_, i) => ({
    sku: `SKU-${1000 + i}`,
    count: i + 1,
    price: 9.99 * (i + 1),
    note: i % 2 ? null : 'gift wrapped',
    tags: ['a', 'b']
  })),
  total: 359.64,
  created: '2026-01-02T03:04:05.678Z'
}

const cases = [
  ['small integer', [42, 7, 100, 3]],
  ['integer', [4242, -70000, 123456, 99999]],
  ['double', [4.25, 0.1, -1e300, 3.5]],
  ['-0', [-0]],
  ['true', [true]],
  ['short string (8)', ['abcdefgh', 'zyxwvuts', 'k3k3k3k3']],
  ['string (1 KB)', ['lorem ip'.repeat(128)]],
  ['string (1 KB, not latin1)', ['łorem ip'.repeat(128)]],
  ['{ a, b, c }', [{ a: 1, b: 'two', c: 3.5 }]],
  ['[1, 2, 3]', [[1, 2, 3]]],
  ['100 integers', [Array.from({ length: 100 }, (_, i) => i * 7)]],
  ['100 doubles', [Array.from({ length: 100 }, (_, i) => i + 0.5)]],
  [`nested, ${(JSON.stringify(nested).length / 1000).toFixed(1)} KB as JSON`, [nested]],
  ['100 nested', [Array.from({ length: 100 }, () => structuredClone(nested))]],
  ['Date', [new Date(0)]],
  ['Map (10)', [new Map(Array.from({ length: 10 }, (_, i) => [`key${i}`, i]))]],
  ['Error', [new TypeError('no such thing')]],
  ['Buffer (100 B)', [Buffer.alloc(100, 1)]],
  ['Float64Array (100)', [new Float64Array(100).fill(0.5)]],
  ['Buffer (1 MiB)', [Buffer.alloc(1 << 20, 7)]],
  ['Float64Array (1 MiB)', [new Float64Array(1 << 17).fill(0.5)]]
]

const writer = new Writer(1 << 16)
const reader = new Reader()
const root = () => 'value'
const ways = [
  [
    'millrace',
    (value) => {
      writer.length = 0
      writeValue(writer, value, root)
      reader.reset(writer.bytes, 0, writer.length)
      return readValue(reader)
    }
  ],
  ['node:v8', (value) => deserialize(serialize(value))],
  ['structuredClone', (value) => structuredClone(value)]
]

let kept
function timeOf(work, values, count) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < count; i++) kept = work(values[i % values.length])
  return Number(process.hrtime.bigint() - start)
}

// Nanoseconds of one value: the best of some rounds, so that what the machine does besides counts little.
function measure(work, values) {
  let count = 1
  while (timeOf(work, values, count) < WARM_MS * 1e6) count *= 2
  count = Math.max(1, Math.round((count * ROUND_MS) / WARM_MS))
  const rounds = Array.from({ length: ROUNDS }, () => timeOf(work, values, count) / count)
  return Math.min(...rounds)
}

const show = (ns) => (ns < 1000 ? `${ns.toFixed(ns < 100 ? 1 : 0)} ns` : `${(ns / 1000).toFixed(1)} µs`)

console.log(`Encode and decode one value; Node ${process.version}, ${process.arch}\n`)
console.log(`| value | ${ways.map(([name]) => name).join(' | ')} | node:v8 / millrace |`)
console.log(`| --- |${' ---: |'.repeat(ways.length + 1)}`)
for (const [name, values] of cases) {
  const times = ways.map(([, work]) => measure(work, values))
  console.log(`| ${name} | ${times.map(show).join(' | ')} | ${(times[1] / times[0]).toFixed(1)} |`)
}
if (kept === undefined) console.log('nothing was decoded')
