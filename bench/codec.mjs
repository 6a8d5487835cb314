// Encoding and decoding one value, beside what else there is. Run: node bench/codec.mjs [--only <part of a name>]
import { parseArgs } from 'node:util'
import { deserialize, serialize } from 'node:v8'

import '@oxc-node/core/register'
import { Packr } from 'msgpackr'

// Later than the loader above, because these are sources.
const { readValue } = await import('../src-ts/codec/decode.ts')
const { writeValue } = await import('../src-ts/codec/encode.ts')
const { Reader } = await import('../src-ts/codec/reader.ts')
const { Writer } = await import('../src-ts/codec/writer.ts')

const WARM_MS = 15
const ROUND_MS = 8
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

const row = (index) => ({
  id: index * 7919,
  name: `person number ${index}`,
  mail: `p${index}@example.org`,
  age: index % 90,
  score: index / 7,
  active: index % 3 === 0,
  city: ['Berlin', 'Paris', 'Rome'][index % 3]
})

const cases = [
  ['small integer', [42, 7, 100, 3]],
  ['integer', [4242, -70000, 123456, 99999]],
  ['double', [4.25, 0.1, -1e300, 3.5]],
  ['-0', [-0]],
  ['true', [true]],
  ['short string (8)', ['abcdefgh', 'zyxwvuts', 'k3k3k3k3']],
  ['line (100)', Array.from({ length: 64 }, (_, i) => `${i}`.padEnd(100, 'GET /path/to/a/file.html '))],
  ['string (1 KB)', ['lorem ip'.repeat(128)]],
  ['string (1 KB, not latin1)', ['łorem ip'.repeat(128)]],
  ['{ a, b, c }', [{ a: 1, b: 'two', c: 3.5 }]],
  ['[1, 2, 3]', [[1, 2, 3]]],
  ['100 integers', [Array.from({ length: 100 }, (_, i) => i * 7)]],
  ['100 doubles', [Array.from({ length: 100 }, (_, i) => i + 0.5)]],
  [`nested, ${(JSON.stringify(nested).length / 1000).toFixed(1)} KB as JSON`, [nested]],
  ['row of a table', Array.from({ length: 64 }, (_, i) => row(i))],
  ['100 rows', [Array.from({ length: 100 }, (_, i) => row(i))]],
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
// One memory for all messages, as in a pool.
const received = new Uint8Array(16 << 20)
const root = () => 'value'
const packr = (options) => {
  const codec = new Packr(options)
  return { encode: (value) => codec.pack(value), decode: (bytes) => codec.unpack(bytes) }
}

// `encode` returns what `decode` takes. msgpackr alone sends the keys with each message, as millrace does; with shared structures it
// relies on a reader that has received all messages before.
const ways = {
  millrace: {
    encode(value) {
      writer.length = 0
      writeValue(writer, value, root)
      return writer
    },
    decode({ start, end }) {
      reader.reset(received, start, end)
      return readValue(reader)
    }
  },
  msgpackr: packr({}),
  'msgpackr, shared': packr({ structures: [] }),
  JSON: { encode: (value) => JSON.stringify(value), decode: (text) => JSON.parse(text) },
  'node:v8': { encode: serialize, decode: deserialize }
}

let kept
function timeOf(act, inputs, count) {
  const start = process.hrtime.bigint()
  for (let i = 0, at = 0; i < count; i++) {
    kept = act(inputs[at])
    if (++at === inputs.length) at = 0
  }
  return Number(process.hrtime.bigint() - start)
}

// A timing in nanoseconds of one value: the best of some rounds, so that what the machine does besides counts little.
function timing(act, inputs) {
  let count = 1
  while (timeOf(act, inputs, count) < WARM_MS * 1e6) count *= 2
  count = Math.max(1, Math.round((count * ROUND_MS) / WARM_MS))
  return { best: Infinity, run: () => timeOf(act, inputs, count) / count }
}

// The rounds of all ways take turns, so that a busy moment of the machine does not count against one of them.
function measure(values) {
  const all = Object.entries(ways).map(([name, { encode, decode }]) => {
    let used = 0
    const messages = values.map((value) => {
      const message = encode(value)
      if (message !== writer) return message
      received.set(writer.bytes.subarray(0, writer.length), used)
      const start = used
      used += writer.length
      return { start, end: used, length: writer.length }
    })
    return { name, bytes: messages[0].length, encode: timing(encode, values), decode: timing(decode, messages) }
  })
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of all) for (const part of [way.encode, way.decode]) part.best = Math.min(part.best, part.run())
  }
  return all.map(({ name, bytes, encode, decode }) => ({ name, bytes, encode: encode.best, decode: decode.best }))
}

const show = (ns) => (ns < 1000 ? `${ns.toFixed(ns < 100 ? 1 : 0)} ns` : `${(ns / 1000).toFixed(1)} µs`)
const both = ({ encode, decode }) => encode + decode

const { values: options } = parseArgs({ options: { only: { type: 'string', default: '' } } })
console.log(`Encode and decode one value; Node ${process.version}, ${process.arch}\n`)
const others = Object.keys(ways).slice(1)
console.log(`| value | encode | decode | both | bytes | ${others.map((name) => `${name}: both (bytes)`).join(' | ')} |`)
console.log(`| --- |${' ---: |'.repeat(4 + others.length)}`)
for (const [name, values] of cases.filter(([label]) => label.includes(options.only))) {
  const [own, ...rest] = measure(values)
  const compared = rest.map((way) => `${show(both(way))} = ${(both(way) / both(own)).toFixed(1)}x (${way.bytes})`)
  const figures = [show(own.encode), show(own.decode), show(both(own)), own.bytes, ...compared]
  console.log(`| ${name} | ${figures.join(' | ')} |`)
}
if (kept === undefined) console.log('nothing was decoded')
