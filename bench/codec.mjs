// What a value costs to encode and decode, beside what else there is. Run: node bench/codec.mjs [--only <part of a name>]
//
// millrace has values in chunks, as a pool does: the items of a chunk are one message, which defines each shape once and can be read
// alone. Large values are a chunk of one. The others have a message for each value. Large binary values do not travel in messages:
// bench/buffers.mjs.
import { parseArgs } from 'node:util'
import { deserialize, serialize } from 'node:v8'

import '@oxc-node/core/register'
import { Packr } from 'msgpackr'

// Later than the loader above, because these are sources.
const { ChunkEncoder } = await import('../src-ts/calls/encode-chunk.ts')
const { ListSource } = await import('../src-ts/calls/source.ts')
const { TaskReader } = await import('../src-ts/worker/task-reader.ts')
const { Writer } = await import('../src-ts/codec/writer.ts')

const WARM_MS = 15
const ROUND_MS = 8
const ROUNDS = 15
/** The values of a chunk, unless they are large. */
const CHUNK = 64
const LARGE_BYTES = 4096

const nested = (index) => ({
  id: `b1946ac9-2492-4d2f-9ef1-${String(index).padStart(12, '0')}`,
  user: {
    name: `Ada Lovelace ${index}`,
    mail: `ada${index}@example.org`,
    roles: ['admin', 'author', 'reviewer'],
    active: index % 2 === 0
  },
  orders: Array.from({ length: 8 }, (_, i) => ({
    sku: `SKU-${1000 + ((index * 7 + i) % 900)}`,
    count: i + 1,
    price: 9.99 * (i + 1) + index,
    note: i % 2 ? null : 'gift wrapped',
    tags: ['a', 'b']
  })),
  total: 359.64 + index,
  created: '2026-01-02T03:04:05.678Z'
})

const inside = (index) => ({
  id: index,
  at: { x: index / 3, y: index * 2 },
  size: { width: index, height: index + 1 },
  owner: { name: `p${index}`, group: { id: index % 7, open: index % 2 === 0 } }
})

const row = (index) => ({
  id: index * 7919,
  name: `person number ${index}`,
  mail: `p${index}@example.org`,
  age: index % 90,
  score: index / 7,
  active: index % 3 === 0,
  city: ['Berlin', 'Paris', 'Rome'][index % 3]
})

const several = (make, count = CHUNK) => Array.from({ length: count }, (_, index) => make(index))

const cases = [
  ['small integer', [42, 7, 100, 3]],
  ['integer', [4242, -70000, 123456, 99999]],
  ['double', [4.25, 0.1, -1e300, 3.5]],
  ['-0', [-0]],
  ['true', [true]],
  ['BigInt', [12n, -7n, 2n ** 62n]],
  ['short string (8)', ['abcdefgh', 'zyxwvuts', 'k3k3k3k3']],
  ['line (100)', several((i) => `${i}`.padEnd(100, 'GET /path/to/a/file.html '))],
  ['string (1 KB)', ['lorem ip'.repeat(128)]],
  ['string (1 KB, not latin1)', ['łorem ip'.repeat(128)]],
  ['{ a, b, c }', [{ a: 1, b: 'two', c: 3.5 }]],
  ['[1, 2, 3]', [[1, 2, 3]]],
  ['100 integers', [Array.from({ length: 100 }, (_, i) => i * 7)]],
  ['100 doubles', [Array.from({ length: 100 }, (_, i) => i + 0.5)]],
  ['records in a record', several(inside)],
  [`nested, ${(JSON.stringify(nested(0)).length / 1000).toFixed(1)} KB as JSON`, several(nested)],
  ['row of a table', several(row)],
  ['100 rows', [several(row, 100)]],
  ['100 nested', [several(nested, 100)]],
  ['Date', [new Date(0)]],
  ['Map (10)', [new Map(Array.from({ length: 10 }, (_, i) => [`key${i}`, i]))]],
  ['Error', [new TypeError('no such thing')]],
  ['Buffer (100 B)', [Buffer.alloc(100, 1)]],
  ['Float64Array (100)', [new Float64Array(100).fill(0.5)]]
]

const writer = new Writer(1 << 16)
const encoder = new ChunkEncoder({ size: {}, traces: {}, site: {} }, () => true)
const tasks = new TaskReader()
const batch = {
  bytes: 0,
  begin() {
    writer.length = 0
    writer.beginShared()
    return writer
  }
}
const packr = (options) => {
  const codec = new Packr(options)
  return { encode: (value) => codec.pack(value), decode: (bytes) => codec.unpack(bytes) }
}

/** A way that has a message for each value. */
const each = ({ encode, decode }) => ({
  encode: (values) => values.map((value) => encode(value)),
  decode: (messages) => messages.map((message) => decode(message)),
  bytes: (messages) => messages.reduce((sum, message) => sum + message.length, 0)
})

// `encode` returns what `decode` takes. msgpackr alone sends the keys with each message; with shared structures it relies on a reader
// that has received all messages before, which a pool cannot.
const ways = {
  millrace: {
    encode(values) {
      encoder.encode(batch, 0, values.length, new ListSource(values))
      return writer
    },
    decode({ payload, count }) {
      tasks.open(payload, 0, 0)
      const values = []
      for (let at = 0; at < count; at++) values.push(tasks.read())
      return values
    },
    bytes: ({ payload }) => payload.length - 8
  },
  msgpackr: each(packr({})),
  'msgpackr, shared': each(packr({ structures: [] })),
  JSON: each({ encode: (value) => JSON.stringify(value), decode: (text) => JSON.parse(text) }),
  'node:v8': each({ encode: serialize, decode: deserialize })
}

let kept
/** Nanoseconds of CPU time, of all threads of the process: those of the garbage collector too. */
function timeOf(act, input, count) {
  const start = process.cpuUsage()
  for (let i = 0; i < count; i++) kept = act(input)
  const { user, system } = process.cpuUsage(start)
  return (user + system) * 1000
}

function timing(act, input, values) {
  let count = 1
  while (timeOf(act, input, count) < WARM_MS * 1e6) count *= 2
  count = Math.max(1, Math.round((count * ROUND_MS) / WARM_MS))
  return { rounds: [], run: () => timeOf(act, input, count) / count / values }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

/** A chunk of the values, some of them several times. */
function chunkOf(values) {
  if (serialize(values[0]).length > LARGE_BYTES) return values
  return Array.from({ length: CHUNK }, (_, at) => values[at % values.length])
}

// The rounds of all ways take turns, so that a busy moment of the machine does not count against one of them.
function measure(values) {
  const chunk = chunkOf(values)
  const able = Object.entries(ways).filter(([name]) => name !== 'JSON' || typeof chunk[0] !== 'bigint')
  const all = able.map(([name, { encode, decode, bytes }]) => {
    const encoded = encode(chunk)
    const message =
      encoded === writer ? { payload: writer.bytes.slice(0, writer.length), count: chunk.length } : encoded
    return {
      name,
      bytes: Math.round(bytes(message) / chunk.length),
      encode: timing(encode, chunk, chunk.length),
      decode: timing(decode, message, chunk.length)
    }
  })
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of all) for (const part of [way.encode, way.decode]) part.rounds.push(part.run())
  }
  return all.map(({ name, bytes, encode, decode }) => ({
    name,
    bytes,
    encode: median(encode.rounds),
    decode: median(decode.rounds)
  }))
}

const show = (ns) => (ns < 1000 ? `${ns.toFixed(ns < 100 ? 1 : 0)} ns` : `${(ns / 1000).toFixed(1)} µs`)
const both = ({ encode, decode }) => encode + decode

const { values: options } = parseArgs({ options: { only: { type: 'string', default: '' } } })
console.log(`CPU time to encode and decode one value; Node ${process.version}, ${process.arch}\n`)
const others = Object.keys(ways).slice(1)
console.log(`| value | encode | decode | both | bytes | ${others.map((name) => `${name}: both (bytes)`).join(' | ')} |`)
console.log(`| --- |${' ---: |'.repeat(4 + others.length)}`)
for (const [name, values] of cases.filter(([label]) => label.includes(options.only))) {
  const [own, ...rest] = measure(values)
  const compared = others.map((other) => {
    const way = rest.find((measured) => measured.name === other)
    return way === undefined ? '-' : `${show(both(way))} = ${(both(way) / both(own)).toFixed(1)}x (${way.bytes})`
  })
  const figures = [show(own.encode), show(own.decode), show(both(own)), own.bytes, ...compared]
  console.log(`| ${name} | ${figures.join(' | ')} |`)
}
if (kept === undefined) console.log('nothing was decoded')
