// Records through codecs: a chunk of them is encoded and decoded, without any process in between.
import { isDeepStrictEqual } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Packr } from 'msgpackr'
import { wallSeconds } from '../timing.mjs'

/** A record of 0.8 KB as JSON. */
function recordOf(i) {
  return {
    id: `b1946ac9-2492-4d2f-9ef1-${String(i).padStart(12, '0')}`,
    user: {
      name: `Ada Lovelace ${i}`,
      mail: `ada${i}@example.org`,
      roles: ['admin', 'author', 'reviewer'],
      active: i % 2 === 0
    },
    orders: Array.from({ length: 6 }, (_, k) => ({
      sku: `SKU-${1000 + ((i * 7 + k) % 900)}`,
      count: k + 1,
      price: 9.99 * (k + 1) + i,
      note: k % 2 ? null : 'gift wrapped',
      tags: ['a', 'b']
    })),
    total: 359.64 + i,
    created: '2026-01-02T03:04:05.678Z'
  }
}

async function ownCodec(root) {
  const load = (name) => import(pathToFileURL(join(root, 'src-ts/codec', name)).href)
  const [{ readValue }, { writeValue }, { Reader }, { Writer }] = await Promise.all(
    ['decode.js', 'encode.js', 'reader.js', 'writer.js'].map(load)
  )
  const writer = new Writer(1 << 16)
  const reader = new Reader()
  const path = () => 'items'
  return (records) => {
    writer.length = 0
    // As a chunk is. An earlier build has no such method.
    writer.beginShared?.()
    for (const record of records) writeValue(writer, record, path)
    reader.reset(writer.bytes, 0, writer.length)
    return records.map(() => readValue(reader))
  }
}

/** Each record is a message of its own, as for a pool that sends task by task; ours has the records of a chunk in one. */
const each = (encode, decode) => (records) => records.map((record) => decode(encode(record)))

/** @param {string} root of the build whose codec is measured */
export async function commandsFor(root) {
  const packr = new Packr({ structures: [] })
  const codecs = {
    millrace: await ownCodec(root),
    msgpackr: each(
      (record) => packr.pack(record),
      (bytes) => packr.unpack(bytes)
    ),
    'node:v8': each(serialize, deserialize),
    JSON: each(JSON.stringify, JSON.parse)
  }
  const records = Array.from({ length: 64 }, (_, i) => recordOf(i))
  return {
    /** Seconds for one record, over `rounds` of all of them. */
    async encodeAndDecode(name, rounds) {
      let last
      const seconds = await wallSeconds(() => {
        for (let round = 0; round < rounds; round += 1) last = codecs[name](records)
      })
      if (!isDeepStrictEqual(last, records)) throw new Error('a record came back changed')
      return seconds / rounds / records.length
    },
    close: () => 0
  }
}
