import { constants } from 'node:buffer'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import test from 'ava'

import { PoolError, sharedArray, SharedMemoryError } from '../dist/index.js'
import { until } from './helpers/processes.js'
import { run } from './helpers/run.js'

type Loose = (kind: unknown, lengthOrSource?: unknown) => ArrayLike<number | bigint>
const make = sharedArray as unknown as Loose

const detached = new Float64Array(4)
structuredClone(detached.buffer, { transfer: [detached.buffer] })

/** Each is refused, with what the message has to name. */
const misuses: readonly (readonly [string, unknown, unknown, 'TypeError' | 'RangeError', RegExp])[] = [
  ['no kind', undefined, 1, 'TypeError', /kind must be the constructor of a typed array: Int8Array, .*, got undefined/],
  ['a name', 'Float64Array', 1, 'TypeError', /got 'Float64Array'/],
  ['an array instead of its constructor', new Float64Array(1), 1, 'TypeError', /kind must be/],
  ['Array', Array, 1, 'TypeError', /got \[Function: Array\]/],
  ['Buffer', Buffer, 1, 'TypeError', /kind must be/],
  ['ArrayBuffer', ArrayBuffer, 1, 'TypeError', /kind must be/],
  ['DataView', DataView, 1, 'TypeError', /kind must be/],
  ['a subclass', class Mine extends Float64Array {}, 1, 'TypeError', /kind must be/],
  ['the abstract class', Object.getPrototypeOf(Float64Array), 1, 'TypeError', /kind must be/],
  ['no length', Float64Array, undefined, 'TypeError', /lengthOrSource must be a length, .*, got undefined/],
  ['null', Float64Array, null, 'TypeError', /got null/],
  ['a negative length', Float64Array, -1, 'RangeError', /the length must be an integer from 0 to \d+, got -1/],
  ['a fractional length', Float64Array, 1.5, 'RangeError', /got 1.5/],
  ['NaN', Float64Array, Number.NaN, 'RangeError', /got NaN/],
  ['infinity', Int8Array, Infinity, 'RangeError', /got Infinity/],
  ['too many elements', Float64Array, Number.MAX_SAFE_INTEGER, 'RangeError', /got 9007199254740991/],
  ['a length as a BigInt', BigInt64Array, 4n, 'TypeError', /got 4n/],
  ['a string of digits', Float64Array, '12', 'TypeError', /got '12'/],
  ['true', Float64Array, true, 'TypeError', /got true/],
  ['a symbol', Float64Array, Symbol('s'), 'TypeError', /got Symbol\(s\)/],
  ['a function', Float64Array, () => 1, 'TypeError', /lengthOrSource must be/],
  ['a boxed number', Float64Array, Object(3), 'TypeError', /lengthOrSource must be/],
  ['a boxed string, which is iterable', Float64Array, Object('12'), 'TypeError', /lengthOrSource must be/],
  ['an object with a length', Float64Array, { length: 3 }, 'TypeError', /lengthOrSource must be/],
  ['a Proxy', Float64Array, new Proxy([1], {}), 'TypeError', /no Proxy/],
  ['a promise', Float64Array, Promise.resolve([1]), 'TypeError', /lengthOrSource must be/],
  ['an ArrayBuffer', Float64Array, new ArrayBuffer(8), 'TypeError', /pass a typed array over the ArrayBuffer/],
  ['a SharedArrayBuffer', Float64Array, new SharedArrayBuffer(8), 'TypeError', /pass a typed array/],
  ['a DataView', Float64Array, new DataView(new ArrayBuffer(8)), 'TypeError', /lengthOrSource must be/],
  ['a detached array', Float64Array, detached, 'TypeError', /detached/],
  [
    'an element that is no number',
    Float64Array,
    [1, '2'],
    'TypeError',
    /lengthOrSource\[1\] must be a number, as Float64Array needs, got '2'/
  ],
  [
    'a hole',
    Float64Array,
    Object.assign(Array(3), [1]),
    'TypeError',
    /lengthOrSource\[1\] must be a number.*got undefined/
  ],
  ['an element of an iterable', Int8Array, new Set([1, 2n]), 'TypeError', /lengthOrSource\[1\].*got 2n/],
  ['BigInts for a kind of numbers', Float64Array, [1n], 'TypeError', /lengthOrSource\[0\] must be a number/],
  [
    'numbers for a kind of BigInts',
    BigInt64Array,
    [1],
    'TypeError',
    /lengthOrSource\[0\] must be a BigInt, as BigInt64Array needs/
  ],
  [
    'an array of BigInts for a kind of numbers',
    Int32Array,
    new BigInt64Array(1),
    'TypeError',
    /it has BigInts, and Int32Array needs numbers/
  ],
  [
    'an array of numbers for a kind of BigInts',
    BigUint64Array,
    new Int32Array(1),
    'TypeError',
    /it has numbers, and BigUint64Array needs BigInts/
  ]
]

for (const [what, kind, source, name, message] of misuses) {
  test(`refused: ${what}`, (t) => {
    const error = t.throws<Error & { code?: string }>(() => make(kind, source), {
      code: 'ERR_POOL_INVALID_OPTION',
      message
    })
    t.is(error?.name, name)
    const [, first] = error?.stack?.split('\n') ?? []
    t.regex(first ?? '', /shared-array-misuse\.spec\.ts/, 'the error points at the caller')
  })
}

test('an error that an iterable throws comes through as it is', (t) => {
  const mine = new Error('mine')
  const thrown = t.throws(() =>
    make(Float64Array, {
      *[Symbol.iterator]() {
        yield 1
        throw mine
      }
    })
  )
  t.is(thrown, mine)
})

test('what a typed array may be made of, an array may be made of', (t) => {
  const values = (source: unknown, kind: unknown = Float64Array): readonly unknown[] => Array.from(make(kind, source))
  t.deepEqual(values([1, -0, Number.NaN]), [1, -0, Number.NaN])
  t.deepEqual(values(new Set([1, 2])), [1, 2])
  t.deepEqual(values(new Map([[1, 2]]).values()), [2])
  t.deepEqual(values(new Int8Array([1, -2])), [1, -2])
  t.deepEqual(values(new Float64Array(new SharedArrayBuffer(8))), [0])
  t.deepEqual(values(new Float64Array([1, 2, 3, 4]).subarray(1, 3)), [2, 3])
  t.deepEqual(values(make(Float64Array, [7, 8])), [7, 8])
  t.deepEqual(values([256, -1], Uint8Array), [0, 255])
  t.deepEqual(values([256, -1, 1.5], Uint8ClampedArray), [255, 0, 2])
  t.deepEqual(values(Buffer.from('ab'), Uint8Array), [97, 98])
  t.deepEqual(values(new BigUint64Array([2n ** 64n - 1n]), BigInt64Array), [-1n])
  t.deepEqual(values(-0, Float64Array), [])
})

test('the source is copied, and its memory is not touched any more', (t) => {
  const source = new Float64Array(10_000).fill(1)
  const array = sharedArray(Float64Array, source)
  source[0] = 2
  array[1] = 3
  t.deepEqual([array[0], source[1], array[9_999]], [1, 1, 1])
})

test('more memory than any machine has is refused by a typed error', (t) => {
  // Node before 22 allows 4 GiB in one array, which many machines have.
  if (constants.MAX_LENGTH < 2 ** 45) {
    t.pass('this version of Node allows no such array')
    return
  }
  const error = t.throws(() => make(Uint8Array, 2 ** 45), { instanceOf: SharedMemoryError })
  t.true(error instanceof PoolError)
  t.deepEqual([error.code, error.bytes, error.name], ['ERR_POOL_SHARED_MEMORY', 2 ** 45, 'SharedMemoryError'])
  t.regex(error.message, /35184372088832 bytes of shared memory do not fit: this process can take \d+ bytes more/)
})

for (const [what, limit, message] of [
  ['address space', '-v 3000000', /Cannot allocate memory/],
  ['the size of files', '-f 1000', /File too large/]
] as const) {
  test(`a limit on ${what} is a typed error, and no signal`, async (t) => {
    const script = fileURLToPath(new URL('./fixtures/shared-limits.mjs', import.meta.url))
    const command = `ulimit ${limit} && exec "$0" --max-old-space-size=64 "$1" 400`
    const { status, signal, stdout, stderr } = spawnSync('sh', ['-c', command, process.execPath, script], {
      encoding: 'utf8'
    })
    if (stdout === '' && /out of memory|allocat|Fatal/i.test(stderr)) {
      t.pass('this version of Node does not start under such a limit')
      return
    }
    t.deepEqual([status, signal, stderr], [0, null, ''])
    t.regex(
      stdout,
      /^SharedMemoryError ERR_POOL_SHARED_MEMORY: cannot make a shared array: the system refuses 67108864 bytes/
    )
    t.regex(stdout, message)
  })
}

test('a control group with too little memory is a typed error, and kills nobody', async (t) => {
  const group = makeGroup(256 * 2 ** 20)
  if (group === undefined) {
    t.pass('this process may not make control groups')
    return
  }
  t.teardown(async () => {
    await until(
      () => readFileSync(join(group, 'cgroup.procs'), 'utf8') === '',
      () => 'the group is in use'
    )
    rmdirSync(group)
  })
  const { code, lines, stderr } = await run(t, 'shared-limits.mjs', ['400', group]).end
  t.deepEqual([code, stderr], [0, ''])
  t.regex(lines.join(), /^SharedMemoryError ERR_POOL_SHARED_MEMORY: .* 67108864 bytes of shared memory do not fit/)
})

/** A control group for memory inside of this process's own, or undefined. */
function makeGroup(bytes: number): string | undefined {
  const line =
    readFileSync('/proc/self/cgroup', 'utf8')
      .split('\n')
      .find((each) => /^\d+:memory:|^0::/.test(each)) ?? ''
  const [, controllers, path = '/'] = line.split(':')
  const [mount, limit] =
    controllers === '' ? ['/sys/fs/cgroup', 'memory.max'] : ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes']
  for (const parent of [join(mount, path), mount]) {
    const group = join(parent, `millrace-test-${process.pid}`)
    try {
      mkdirSync(group)
      writeFileSync(join(group, limit), String(bytes))
      return group
    } catch {
      if (existsSync(group)) rmdirSync(group)
    }
  }
  return undefined
}
