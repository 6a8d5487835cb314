import test from 'ava'

import { readValue } from '../src-ts/codec/decode.js'
import { writeValue } from '../src-ts/codec/encode.js'
import { Reader } from '../src-ts/codec/reader.js'
import { Writer } from '../src-ts/codec/writer.js'
import { randomNumbers } from './helpers/random.js'
import { assertSame } from './helpers/same.js'

const seed = Number(process.env['MILLRACE_SEED'] ?? 20_261_129)

const writer = new Writer()

function copyOf(value: unknown): unknown {
  writer.length = 0
  writeValue(writer, value, () => 'value')
  return readValue(new Reader(writer.bytes.slice(0, writer.length)))
}

/** Objects and arrays, each of which the root reaches. Some are referred to again, from anywhere. */
function graphOf(size: number, again: number, random: () => number): object {
  const below = (limit: number): number => Math.floor(random() * limit)
  const nodes: object[] = [[]]
  const add = (holder: object, key: string, value: object): void => {
    if (Array.isArray(holder)) holder.push(value)
    else if (holder instanceof Map) holder.set(key, value)
    else Reflect.set(holder, key, value)
  }
  while (nodes.length < size) {
    const node = [[], { a: 1 }, new Map(), new Date(nodes.length)][below(4)] as object
    const holders = nodes.filter((holder) => !(holder instanceof Date))
    add(holders[below(holders.length)] as object, `k${nodes.length % 5}-${nodes.length}`, node)
    nodes.push(node)
  }
  const holders = nodes.filter((holder) => !(holder instanceof Date))
  for (let number = 0; number < again; number++) {
    add(holders[below(holders.length)] as object, `again${number}`, nodes[below(nodes.length)] as object)
  }
  return nodes[0] as object
}

// Few objects are searched one by one, and many by hash.
for (const size of [1, 2, 47, 48, 49, 50, 200, 1000]) {
  test(`graphs of ${size} objects keep who is who`, (t) => {
    const random = randomNumbers(seed + size)
    for (const again of [0, 1, 2, 10, 100]) {
      for (let round = 0; round < 5; round++) {
        const graph = graphOf(size, again, random)
        assertSame(copyOf(graph), structuredClone(graph), `seed ${seed + size}, ${again} references`)
      }
    }
    t.pass()
  })
}

test('every object of a large value can be referred to', (t) => {
  for (let at = 0; at < 120; at++) {
    const list = Array.from({ length: 120 }, (_, index): unknown => ({ index }))
    const copy = copyOf([list, list[at], list]) as [unknown[], unknown, unknown[]]
    t.is(copy[1], copy[0][at])
    t.is(copy[2], copy[0])
  }
})

test('a property that cannot be sent takes its objects along, however many there are', (t) => {
  for (const before of [0, 30, 46, 47, 48, 49, 60, 200]) {
    for (const inside of [1, 20, 60]) {
      const first = Array.from({ length: before }, (_, index): unknown => ({ index }))
      const lost = [...Array.from({ length: inside }, (_, index) => ({ lost: index })), first[3], () => 1]
      const kept = { kept: 1 }
      const error = Object.assign(new Error('no'), { early: kept, lost, again: kept, first: first[2] })
      const copy = copyOf([first, error, error, lost[0], first[1]]) as [unknown[], typeof error, ...unknown[]]
      t.is(typeof copy[1].lost, 'string')
      t.is(copy[1].early, copy[1].again)
      t.deepEqual(copy[1].early, { kept: 1 })
      t.is(copy[1].first, copy[0][2])
      t.is(copy[2], copy[1])
      t.deepEqual(copy[3], { lost: 0 })
      t.is(copy[4], copy[0][1])
    }
  }
})
