import assert from 'node:assert'
import { spawnSync } from 'node:child_process'

import test from 'ava'

import type { Sink } from '../src-ts/calls/sink.js'
import type { PackedResults } from '../src-ts/codec/constants.js'
import { TaskOutcomes } from '../src-ts/calls/task-outcomes.js'
import { readValue } from '../src-ts/codec/decode.js'
import { writeValue } from '../src-ts/codec/encode.js'
import { Reader } from '../src-ts/codec/reader.js'
import { RECORD_NEW, RECORD_NEW_PART } from '../src-ts/codec/tags.js'
import { Writer } from '../src-ts/codec/writer.js'
import { randomNumbers } from './helpers/random.js'

function encoded(value: unknown): Uint8Array {
  const writer = new Writer()
  writeValue(writer, value, () => 'value')
  return Uint8Array.from(writer.bytes.subarray(0, writer.length))
}

function copyOf<T>(value: T): T {
  const bytes = encoded(value)
  const reader = new Reader(bytes)
  const copy = readValue(reader)
  assert.strictEqual(reader.offset, bytes.length, 'bytes are left over')
  return copy as T
}

/** The keys in their order too, which a deep comparison does not see. */
function sameAs(copy: unknown, value: unknown): void {
  assert.deepStrictEqual(copy, value)
  assert.strictEqual(JSON.stringify(copy), JSON.stringify(value))
}

const row = (index: number): Record<string, unknown> => ({
  id: index,
  name: `person ${index}`,
  score: index / 7,
  tags: ['a', index],
  place: { city: 'Łódź', zip: null }
})

test('rows of a table arrive, however often their shape has come', (t) => {
  for (const count of [1, 2, 100, 1000]) {
    const rows = Array.from({ length: count }, (_, index) => row(index))
    sameAs(copyOf(rows), structuredClone(rows))
  }
  // The keys are sent once.
  const one = encoded([row(1)]).length
  const two = encoded([row(1), row(2)]).length
  t.true(two - one <= one - 30, `${one} bytes, then ${two}`)
})

test('a message can be read alone, whatever was sent before', (t) => {
  const value = [row(1), row(2), { a: 1 }, { a: 1, b: 2 }]
  const first = encoded(value)
  for (let i = 0; i < 100; i++) encoded([row(i), { [`k${i}`]: i }])
  t.deepEqual(encoded(value), first)
  const program = `
    import { readFileSync } from 'node:fs'
    import { readValue } from ${JSON.stringify(new URL('../src-ts/codec/decode.ts', import.meta.url).href)}
    import { Reader } from ${JSON.stringify(new URL('../src-ts/codec/reader.ts', import.meta.url).href)}
    console.log(JSON.stringify(readValue(new Reader(new Uint8Array(readFileSync(0))))))`
  const loader = `--import=${import.meta.resolve('@oxc-node/core/register')}`
  const child = spawnSync(process.execPath, [loader, '--input-type=module', '-e', program], { input: first })
  t.is(child.stdout.toString().trim(), JSON.stringify(value), child.stderr.toString())
})

/** What a reader makes of values that were written by `write` into one message. */
function throughOneMessage(write: (add: (value: unknown) => void, writer: Writer) => void): unknown[] {
  const writer = new Writer()
  let count = 0
  writer.beginShared()
  write((value) => {
    writeValue(writer, value, () => 'value')
    count++
  }, writer)
  const reader = new Reader(writer.bytes.slice(0, writer.length))
  const values = Array.from({ length: count }, () => readValue(reader))
  assert.strictEqual(reader.offset, writer.length, 'bytes are left over')
  return values
}

test('the values of a message share their shapes', (t) => {
  const rows = Array.from({ length: 200 }, (_, index) => row(index))
  let lengths: number[] = []
  const copies = throughOneMessage((add, writer) => {
    lengths = rows.map((each) => {
      const start = writer.length
      add(each)
      return writer.length - start
    })
  })
  sameAs(copies, rows)
  t.true((lengths[1] ?? 0) <= (lengths[0] ?? 0) - 20, String(lengths.slice(0, 2)))
})

test('after a value that could not be written, the message defines its shapes again', (t) => {
  const unsendable = [{ first: 1, here: 2 }, { a: { b: 1 } }, () => 1]
  const values = [row(1), { a: { b: 2 } }, { first: 3, here: 4 }, row(2), { a: { b: 3 } }]
  const copies = throughOneMessage((add, writer) => {
    add(row(0))
    for (const value of values) {
      const start = writer.length
      t.throws(() => writeValue(writer, unsendable, () => 'value'), { message: /a function/ })
      writer.rewind(start)
      add(value)
    }
  })
  sameAs(copies, [row(0), ...values])
})

test('a value of a message can be read again', (t) => {
  const writer = new Writer()
  writer.beginShared()
  for (let index = 0; index < 5; index++) writeValue(writer, { ...row(index), [`k${index}`]: { x: 1 } }, () => 'value')
  const reader = new Reader(writer.bytes.slice(0, writer.length))
  for (let index = 0; index < 5; index++) {
    const start = reader.offset
    const first = readValue(reader)
    const end = reader.offset
    reader.offset = start
    t.deepEqual(readValue(reader), first)
    t.is(reader.offset, end)
  }
})

test('a reader forgets the shapes and texts of a message when it gets the next one', (t) => {
  const memory = new Uint8Array(1024)
  const reader = new Reader(memory)
  const read = (value: unknown): unknown => {
    const bytes = encoded(value)
    memory.set(bytes)
    reader.reset(memory, 0, bytes.length)
    return readValue(reader)
  }
  for (let round = 0; round < 100; round++) {
    const value = { name: `n${round}`, tags: ['a', `b${round}`, 'c'.repeat(20)], text: String(round).repeat(30) }
    t.deepEqual(read(value), value)
  }
  memory.set([29, 0])
  reader.reset(memory, 0, 2)
  t.throws(() => readValue(reader), { message: /a shape that is not defined/ })
})

test('short strings arrive, however many other bytes are between them', (t) => {
  for (const gap of [0, 1, 3, 4, 8, 30, 100]) {
    const values = Array.from({ length: 100 }, (_, index) => [
      'x'.repeat(index),
      ...Array.from({ length: gap }, () => 0.5),
      `y${index}`,
      'ä'.repeat(index % 40),
      'я'.repeat(index % 7)
    ])
    t.deepEqual(copyOf(values), values)
    t.deepEqual(
      throughOneMessage((add) => values.forEach(add)),
      values
    )
  }
})

test('a short string that is kept keeps little of its message', (t) => {
  const program = `
    import { readValue } from ${JSON.stringify(new URL('../src-ts/codec/decode.ts', import.meta.url).href)}
    import { writeValue } from ${JSON.stringify(new URL('../src-ts/codec/encode.ts', import.meta.url).href)}
    import { Reader } from ${JSON.stringify(new URL('../src-ts/codec/reader.ts', import.meta.url).href)}
    import { Writer } from ${JSON.stringify(new URL('../src-ts/codec/writer.ts', import.meta.url).href)}
    const writer = new Writer()
    const texts = Array.from({ length: 200 }, (_, i) => 'text ' + i)
    const reader = new Reader()
    const kept = []
    gc()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 20000; i++) {
      writer.length = 0
      writeValue(writer, { id: 'an id of some length ' + i, texts }, () => 'value')
      reader.reset(writer.bytes, 0, writer.length)
      kept.push(readValue(reader).id)
    }
    gc()
    console.log((process.memoryUsage().heapUsed - before) / kept.length)`
  const loader = `--import=${import.meta.resolve('@oxc-node/core/register')}`
  const child = spawnSync(process.execPath, ['--expose-gc', loader, '--input-type=module', '-e', program])
  const bytes = Number(child.stdout)
  t.true(bytes > 0 && bytes < 512, `${child.stdout} bytes for each string; ${child.stderr}`)
})

test('short arrays of every length arrive, with and without references', (t) => {
  const shared = { a: 1 }
  for (let length = 0; length < 20; length++) {
    for (const element of [1, 0.5, 'text', null, [1], { a: 1 }, undefined]) {
      const array = Array.from({ length }, () => element)
      const copy = copyOf([array, shared, shared]) as unknown[]
      t.deepEqual(copy, [array, shared, shared])
      t.is(copy[1], copy[2])
      t.deepEqual(copyOf([array.slice(), 1]), [array, 1])
      // Holes and names.
      const unusual = Object.assign(array.slice(), { name: 1 })
      unusual.length++
      t.deepEqual(copyOf({ unusual, last: 1 }), { unusual, last: 1 })
    }
  }
})

test('objects whose shapes differ a little arrive', (t) => {
  const long = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, i]))
  const values = [
    { a: 1, b: 2, c: 3 },
    { a: 1, b: 2, d: 3 },
    { a: 1, b: 2 },
    { a: 1, b: 2, c: 3, d: 4 },
    { c: 3, b: 2, a: 1 },
    { type: 'x', x: 1 },
    { type: 'y', y: 1 },
    { b: 1, 7: 2, a: 3, 1: 4 },
    { '01': 1, '-1': 2, '1.5': 3, '': 4, ключ: 5, ['k'.repeat(300)]: 6 },
    JSON.parse('{"__proto__": 1, "a": 2, "constructor": 3, "toString": null}'),
    {},
    { '"quoted\\\u2028`${x}`': 1, '\ud800': 2 },
    ...[63, 64, 65, 200].map(long)
  ]
  // Several times, because shapes are learned, and readers of shapes compiled.
  for (let round = 0; round < 100; round++) sameAs(copyOf(values), values)
  t.pass()
})

test('objects of all kinds arrive as from structuredClone', (t) => {
  class Point {
    x = 1
    y = 2
  }
  const inherits = Object.create({ a: 'of the prototype', z: 1 }) as Record<string, unknown>
  Object.assign(inherits, { a: 1, b: 2 })
  const values = [
    Object.freeze({ a: 1, b: 2 }),
    Object.assign(Object.create(null) as object, { a: 1, b: 2 }),
    new Point(),
    inherits,
    { a: -0, b: NaN, c: undefined },
    Object.defineProperty({ a: 1, b: 2 }, 'hidden', { value: 1, enumerable: false }),
    { a: 1, [Symbol('s')]: 2, b: 2 }
  ]
  for (let round = 0; round < 3; round++) sameAs(copyOf(values), structuredClone(values))
  t.true(Object.is((copyOf(values)[4] as { a: number }).a, -0))
  t.is(Object.getPrototypeOf(copyOf(values[1])), Object.prototype)
})

test('repeated references and cycles are kept inside records', (t) => {
  const shared = { a: 1 }
  const parent: Record<string, unknown> = { name: 'p', shared, again: shared, children: [] }
  parent['self'] = parent
  parent['children'] = [
    { parent, shared },
    { parent, shared }
  ]
  for (let round = 0; round < 100; round++) {
    const copy = copyOf(parent) as { self: unknown; shared: unknown; again: unknown; children: (typeof parent)[] }
    t.is(copy.self, copy)
    t.is(copy.again, copy.shared)
    for (const child of copy.children)
      t.deepEqual([child['parent'] === copy, child['shared'] === copy.shared], [true, true])
  }
})

/** An object of keys a to d. The getter of `b` changes it meanwhile. */
function changing(change: (object: Record<string, unknown>) => void): Record<string, unknown> {
  const object: Record<string, unknown> = { a: 1 }
  Object.defineProperty(object, 'b', {
    enumerable: true,
    configurable: true,
    get: () => {
      change(object)
      return 2
    }
  })
  return Object.assign(object, { c: 3, d: 4 })
}

const changes: Readonly<Record<string, (object: Record<string, unknown>) => void>> = {
  'deletes the next key': (object) => delete object['c'],
  'deletes the last key': (object) => delete object['d'],
  'deletes all other keys': (object) => ['a', 'c', 'd'].forEach((key) => delete object[key]),
  'adds a key': (object) => (object['e'] = 5),
  'changes a value': (object) => (object['d'] = { a: 1 }),
  'moves a key to the end': (object) => {
    delete object['c']
    object['c'] = 33
  },
  'hides a key': (object) => Object.defineProperty(object, 'c', { enumerable: false })
}

for (const [name, change] of Object.entries(changes)) {
  test(`a getter that ${name} during the walk`, (t) => {
    // By the loop first, then by the function that a shape gets when it has come often.
    for (let round = 0; round < 100; round++) {
      // The shape is known, so the writer expects all keys.
      copyOf({ a: 1, b: 2, c: 3, d: 4 })
      const value = [changing(change), { a: 1, b: 2, c: 3, d: 4 }]
      const expected = structuredClone([changing(change), value[1]])
      sameAs(copyOf(value), expected)
    }
    t.pass()
  })
}

test('a getter runs once, and its error is passed on', (t) => {
  let runs = 0
  const value = {
    a: 1,
    get b() {
      return ++runs
    }
  }
  for (let round = 1; round < 100; round++) t.deepEqual(copyOf(value), { a: 1, b: round })
  const angry = {
    a: 1,
    get b(): never {
      throw new SyntaxError('no')
    }
  }
  for (let round = 0; round < 100; round++) {
    t.throws(() => encoded(angry), { instanceOf: SyntaxError, message: 'no' })
    t.throws(() => encoded({ rows: [row(1), { ...row(2), name: () => 1 }] }), { message: /value\.rows\[1\]\.name/ })
  }
})

test('a value that is encoded by a getter of another one disturbs neither', (t) => {
  const inner = [row(1), { a: 1 }, row(2)]
  const outer = (): unknown => [
    row(3),
    {
      a: 1,
      get b() {
        return encoded(inner).length
      }
    },
    row(4),
    { a: 2 }
  ]
  const { length } = encoded(inner)
  t.deepEqual(copyOf(outer()), [row(3), { a: 1, b: length }, row(4), { a: 2 }])
})

test('a property of an error that cannot be sent takes its shapes along', (t) => {
  const error = Object.assign(new Error('x'), { lost: [{ only: 1, here: 2 }, () => 1], kept: { only: 1, here: 2 } })
  const copy = copyOf([error, { only: 3, here: 4 }]) as [typeof error, object]
  t.is(typeof copy[0].lost, 'string')
  t.deepEqual(
    [copy[0].kept, copy[1]],
    [
      { only: 1, here: 2 },
      { only: 3, here: 4 }
    ]
  )
})

test('enumerable keys and setters of Object.prototype change nothing', (t) => {
  const value = [{ a: 1, b: 2 }, row(1)]
  const bytes = encoded(value)
  const { prototype } = Object
  Object.defineProperty(prototype, 'b', {
    set: () => {
      t.fail('a setter was called')
    },
    get: () => undefined,
    enumerable: true,
    configurable: true
  })
  try {
    for (let round = 0; round < 100; round++) {
      const copy = readValue(new Reader(bytes)) as [Record<string, unknown>]
      t.deepEqual(Object.entries(copy[0]), Object.entries(value[0] ?? {}))
      t.deepEqual(Object.keys((readValue(new Reader(encoded(value))) as object[])[0] ?? {}), ['a', 'b'])
    }
  } finally {
    Reflect.deleteProperty(prototype, 'b')
  }
})

const hiddenClasses = `
  import { readValue } from ${JSON.stringify(new URL('../src-ts/codec/decode.ts', import.meta.url).href)}
  import { writeValue } from ${JSON.stringify(new URL('../src-ts/codec/encode.ts', import.meta.url).href)}
  import { Reader } from ${JSON.stringify(new URL('../src-ts/codec/reader.ts', import.meta.url).href)}
  import { Writer } from ${JSON.stringify(new URL('../src-ts/codec/writer.ts', import.meta.url).href)}
  const copy = (value) => {
    const writer = new Writer()
    writeValue(writer, value, () => 'value')
    return readValue(new Reader(writer.bytes.subarray(0, writer.length)))
  }
  const rows = (from) => copy(Array.from({ length: 500 }, (_, i) => ({ id: from + i, name: 'x' + i, 'odd key': i / 2 })))
  rows(0)
  const all = [...rows(1), ...rows(2)]
  if (all[700].id !== 202 || all[700]['odd key'] !== 100) throw new Error('other values')
  if (!all.every((row) => %HaveSameMap(row, all[0]))) throw new Error('several hidden classes')`

for (const flags of [[], ['--disallow-code-generation-from-strings']]) {
  test(`records of one shape have one hidden class ${flags.join(' ')}`, (t) => {
    const loader = `--import=${import.meta.resolve('@oxc-node/core/register')}`
    const all = [...flags, '--allow-natives-syntax', loader, '--input-type=module', '-e', hiddenClasses]
    const child = spawnSync(process.execPath, all)
    t.is(child.status, 0, child.stderr.toString())
  })
}

const key = (text: string): number[] => [(text.length << 1) + 1, ...Buffer.from(text)]
const define = (...keys: readonly string[]): number[] => {
  const bytes = keys.flatMap(key)
  return bytes.length < 128 ? [bytes.length, ...bytes] : [(bytes.length & 127) | 128, bytes.length >> 7, ...bytes]
}
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `k${i}`)

test('impossible definitions are refused', (t) => {
  const read = (bytes: readonly number[]): unknown => readValue(new Reader(Uint8Array.from(bytes)))
  t.deepEqual(read([RECORD_NEW, 0, ...define('a', 'b'), 1, 2]), { a: undefined, b: null })
  t.deepEqual(read([RECORD_NEW_PART, 0, ...define('a', 'b'), 2, 0, ...key('z'), 2, 0]), { a: null, z: null })
  // More often than a reader of a shape takes to be compiled.
  for (let round = 0; round < 100; round++) {
    t.deepEqual(Object.keys(read([RECORD_NEW, 0, ...define('__proto__', 'a'), 2, 2]) as object), ['__proto__', 'a'])
  }
  for (const bytes of [
    [RECORD_NEW, 0, 0],
    [RECORD_NEW, 0, ...define('a', 'a'), 1, 1],
    [RECORD_NEW, 0, ...define(...names(65)), ...names(65).map(() => 1)],
    [RECORD_NEW, 0, 3, ...key('abc'), 1],
    [RECORD_NEW, 0, 5, ...key('abc'), 1],
    [RECORD_NEW, 0, 255, 255, 255, 255, 255, 1],
    [RECORD_NEW_PART, 0, ...define('a'), 2, 2, 0, 0],
    [RECORD_NEW, 0, ...define('a')],
    [RECORD_NEW, 1, ...define('a'), 1],
    [29, 0, 1],
    [31, 3, 0, 0]
  ]) {
    t.throws(() => read(bytes), { message: /damaged message/ }, String(bytes))
  }
})

test('damaged records decode to a value or throw a plain error, and spoil no later message', (t) => {
  const random = randomNumbers(Number(process.env['MILLRACE_SEED'] ?? 7))
  const rows = [row(1), row(2), { a: 1 }, { a: 1, b: { a: 1 } }, row(3)]
  const whole = encoded(rows)
  for (let round = 0; round < 5000; round++) {
    const bytes = Uint8Array.from(whole)
    for (let n = 1 + Math.floor(random() * 4); n > 0; n--) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * (random() < 0.7 ? 34 : 256))
    }
    const reader = new Reader(bytes)
    try {
      readValue(reader)
    } catch (error) {
      assert.ok(error instanceof RangeError || error instanceof TypeError, String(error))
    }
    assert.ok(reader.offset <= bytes.length)
  }
  assert.deepStrictEqual(readValue(new Reader(whole)), rows)
  t.pass()
})

test('a few bytes do not take much memory by records', (t) => {
  // Each record announces 64 keys of which the bytes hold nothing, one inside the other.
  const bytes = [RECORD_NEW, 0, ...define(...names(64))]
  for (let i = 0; i < 100_000; i++) bytes.push(29, 0)
  const before = process.memoryUsage().rss
  t.throws(() => readValue(new Reader(Uint8Array.from(bytes))), { instanceOf: RangeError })
  t.true(process.memoryUsage().rss - before < 200 * 2 ** 20)
})

test('random records arrive as from structuredClone', (t) => {
  const random = randomNumbers(Number(process.env['MILLRACE_SEED'] ?? 11))
  const below = (limit: number): number => Math.floor(random() * limit)
  const texts = ['a', 'b', 'id', 'name', 'ключ', '7', '__proto__', 'toString', '', 'x y', 'long'.repeat(20)]
  const make = (depth: number): unknown => {
    const kind = below(depth > 0 ? 8 : 5)
    if (kind === 0) return below(300) - 150
    if (kind === 1) return [1.5, -0, NaN, undefined, null, true, 2n ** 70n][below(7)]
    if (kind < 5) return 'łx'.repeat(below(10)).slice(0, below(20)) + 'y'.repeat(below(30))
    if (kind === 5) return Array.from({ length: below(4) }, () => make(depth - 1))
    const object = {}
    for (let n = below(6); n > 0; n--) {
      const name = texts[below(texts.length)] ?? ''
      Object.defineProperty(object, name, {
        value: make(depth - 1),
        writable: true,
        enumerable: true,
        configurable: true
      })
    }
    return object
  }
  for (let round = 0; round < 3000; round++) {
    const value = make(4)
    assert.deepStrictEqual(copyOf(value), structuredClone(value))
    assert.deepStrictEqual(keysOf(copyOf(value)), keysOf(value))
  }
  t.pass()
})

/** The keys at every depth, in their order. */
function keysOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return []
  return Object.keys(value).map((name) => [name, keysOf(Reflect.get(value, name))])
}

test('short strings of every length arrive', (t) => {
  const texts = Array.from({ length: 60 }, (_, length) =>
    Array.from({ length }, (_each, i) => String.fromCharCode(33 + ((i * 7 + length) % 200))).join('')
  )
  t.deepEqual(copyOf(texts), texts)
  for (const text of texts) t.is(copyOf(text), text)
  const wide = texts.map((text) => `${text}\u0100\ud800`)
  t.deepEqual(copyOf(wide), wide)
})

test('a getter that deletes a key that Object.prototype has, in a shape that comes often', (t) => {
  for (const name of ['__proto__', 'toString', 'constructor', 'hasOwnProperty', 'valueOf']) {
    // Made anew for each walk, because the walk changes them.
    const rows = (): unknown[] =>
      Array.from({ length: 300 }, (_, index) => {
        const object = {}
        const add = (member: string, rest: PropertyDescriptor): void => {
          Object.defineProperty(object, member, { enumerable: true, configurable: true, ...rest })
        }
        const get = (): number => {
          if (index % 3 === 2) Reflect.deleteProperty(object, name)
          return index
        }
        add('first', { get })
        add(name, { value: 'own' })
        add('last', { value: 3 })
        return object
      })
    const copies = copyOf(rows()) as object[]
    const expected: object[] = structuredClone(rows()) as object[]
    for (const [index, copy] of copies.entries()) {
      t.deepEqual(Object.entries(copy), Object.entries(expected[index] ?? {}), `${name} ${index}`)
    }
  }
})

/** Messages as the core joins them: each with its length in front, padded to a multiple of 4. */
function joined(messages: readonly Uint8Array[]): Reader {
  const parts = messages.flatMap((message) => {
    const length = new Uint8Array(Uint32Array.of(message.length).buffer)
    return [length, message, new Uint8Array(-message.length & 3)]
  })
  const reader = new Reader(Uint8Array.from(Buffer.concat(parts)))
  reader.join()
  return reader
}

test('messages that were joined are read one by one, each with its own shapes', (t) => {
  const values = [row(1), row(2), 'text', { other: 1, keys: 2 }, row(3), [row(4), row(5)]]
  const reader = joined(values.map(encoded))
  for (const value of values) {
    t.true(reader.isJoined)
    reader.openMessage()
    sameAs(readValue(reader), value)
  }
  reader.reset(encoded('one'), 0, encoded('one').length)
  t.false(reader.isJoined)
})

/** A sink that lists what it is told. */
class Told implements Sink {
  readonly told: unknown[] = []
  unread = 0
  value(index: number, value: unknown): void {
    this.told.push([index, value])
  }
  several(index: number, results: PackedResults): void {
    this.told.push([index, [...results]])
  }
  failure(): 'go on' {
    return 'go on'
  }
  end(): void {
    this.told.push('end')
  }
  stopped(): void {
    this.told.push('stopped')
  }
  abort(): void {
    this.told.push('aborted')
  }
}

test('a joined message that is damaged harms its own result alone', (t) => {
  const sink = new Told()
  const outcomes = new TaskOutcomes(
    sink,
    false,
    () => true,
    (index, count, error) => sink.told.push([index, count, (error as { code: string }).code])
  )
  const cut = encoded('a longer text').subarray(0, 5)
  outcomes.read(joined([encoded(row(1)), cut, Uint8Array.of(), encoded(row(2))]), { base: 10 }, 3, 4)
  t.deepEqual(sink.told, [
    [13, row(1)],
    [14, 1, 'ERR_POOL_NOT_SERIALIZABLE'],
    [15, 1, 'ERR_POOL_NOT_SERIALIZABLE'],
    [16, row(2)]
  ])
})

test('joined messages are not read after the call has ended', (t) => {
  const sink = new Told()
  const outcomes = new TaskOutcomes(
    sink,
    false,
    () => sink.told.length < 2,
    () => t.fail()
  )
  outcomes.read(joined([1, 2, 3].map(encoded)), { base: 0 }, 0, 3)
  t.deepEqual(sink.told, [
    [0, 1],
    [1, 2]
  ])
})
