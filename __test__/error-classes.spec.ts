import assert from 'node:assert'
import { runInNewContext } from 'node:vm'
import * as millrace from '../dist/index.js'
import { Reader } from '../src-ts/codec/reader.js'
import { Writer } from '../src-ts/codec/writer.js'
import { readValue } from '../src-ts/codec/decode.js'
import { writeValue } from '../src-ts/codec/encode.js'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'
import { secondCopy } from './helpers/second-copy.js'

const { DaemonicProcessError, PoolClosedError, PoolError, PoolTerminatedError, WorkerDiedError } = millrace

/** Its classes are others than those of the package. */
const copy = secondCopy()
const index = new URL('../dist/index.js', import.meta.url).href

function encoded(value: unknown): Uint8Array {
  const writer = new Writer()
  writeValue(writer, value, () => 'value')
  return writer.bytes.slice(0, writer.length)
}

function decoded(bytes: Uint8Array): unknown {
  const reader = new Reader()
  reader.reset(bytes, 0, bytes.length)
  return readValue(reader)
}

async function failure(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return promise.then(
    () => assert.fail('it was fulfilled'),
    (error: unknown) => error as Error & Record<string, unknown>
  )
}

function throwing(): never {
  throw new Error('a trap')
}

const traps = { get: throwing, getPrototypeOf: throwing, getOwnPropertyDescriptor: throwing, has: throwing }
const revoked = Proxy.revocable({}, {})
revoked.revoke()

const strangers: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['undefined', undefined],
  ['a number', 1],
  ['a string', 'ERR_POOL_CLOSED'],
  ['a function', () => 1],
  ['a plain object', { code: 'ERR_POOL_CLOSED', name: 'PoolClosedError' }],
  ['an object without a prototype', Object.create(null)],
  ['a proxy with traps that throw', new Proxy({}, traps)],
  ['a proxy of an error with traps that throw', new Proxy(new Error('x'), traps)],
  ['a revoked proxy', revoked.proxy],
  ['an error', new Error('x')],
  ['an error with a code of another pool', Object.assign(new Error('x'), { code: 'ERR_POOL_EXHAUSTED' })],
  ['an error with a code of ours', Object.assign(new Error('x'), { code: 'ERR_POOL_CLOSED' })],
  ['an error with name and code of ours', Object.assign(new Error('x'), { code: 'ERR_POOL_CLOSED', name: 'PoolClosedError' })],
  ['a TypeError with the code of bad options', Object.assign(new TypeError('x'), { code: 'ERR_POOL_INVALID_OPTION' })],
  ['an AssertionError', new assert.AssertionError({ message: 'x' })]
] // prettier-ignore

testBoth('instanceof accepts no error of anybody else, and never throws', (t) => {
  for (const [what, value] of strangers) {
    for (const errorClass of [PoolError, WorkerDiedError, PoolClosedError, DaemonicProcessError, copy.PoolError]) {
      t.notThrows(() => t.false(value instanceof errorClass, what), what)
    }
  }
})

testBoth(
  'instanceof accepts every error of the library, of both copies of the package, by its class and by PoolError',
  async (t) => {
    const option = t.throws(() => new copy.WorkerPool({ nJobs: -1 }))
    t.true(option instanceof PoolError && option instanceof copy.PoolError && option instanceof RangeError)
    const died = { exitCode: 1, signal: null, pid: 7, workerId: 1, index: 3, uptime: 5 }
    const pairs = [
      [WorkerDiedError, new copy.WorkerDiedError(died)],
      [copy.WorkerDiedError, new WorkerDiedError(died)],
      [PoolClosedError, new copy.PoolClosedError()],
      [DaemonicProcessError, new copy.DaemonicProcessError()],
      [assert.AssertionError, new DaemonicProcessError()]
    ] as const
    for (const [errorClass, error] of pairs) {
      t.true(error instanceof errorClass, error.name)
      t.true(error instanceof PoolError && error instanceof copy.PoolError, error.name)
      t.false((error as unknown) instanceof PoolTerminatedError, error.name)
    }
    // A class of a user speaks for itself alone.
    class Mine extends PoolClosedError {}
    t.true(new Mine() instanceof PoolClosedError && new Mine() instanceof copy.PoolClosedError)
    t.false((new PoolClosedError() as unknown) instanceof Mine)
    t.false((new copy.PoolClosedError() as unknown) instanceof Mine)
  }
)

testBoth.serial('errors of the library are instances of its classes after they have crossed processes', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
  const inner = async (kind: string, module: string): Promise<unknown> => {
    const { WorkerPool: Inner } = (await import(module)) as typeof millrace
    const nested = new Inner({ nJobs: 1 })
    try {
      if (kind === 'option') await nested.map((x: number) => x, [1], { chunkSize: 0 })
      if (kind === 'died') await nested.apply(() => process.exit(1))
      if (kind === 'late') await nested.apply(() => { for (;;); }, [], { taskTimeout: 20 }) // prettier-ignore
      if (kind === 'item') await nested.map((x) => x, [() => 1])
      if (kind === 'foreign') throw Object.assign(new Error('x'), { code: 'ERR_POOL_EXHAUSTED' })
      await nested.stopAndJoin()
      return await nested.map((x: number) => x, [1])
    } finally {
      await nested.terminate()
    }
  }
  const kinds = {
    option: RangeError,
    died: WorkerDiedError,
    late: millrace.TaskTimeoutError,
    item: millrace.NotSerializableError,
    closed: PoolClosedError
  }
  for (const [kind, errorClass] of Object.entries(kinds)) {
    const error = await failure(pool.apply(inner, [kind, index]))
    t.true(error instanceof errorClass, `${kind}: ${error.stack}`)
    t.true(error instanceof PoolError, kind)
    // As an item it goes there and back.
    const [again] = await pool.map((x: unknown) => x, [error])
    t.true(again instanceof errorClass && again instanceof PoolError, kind)
  }
  t.false((await failure(pool.apply(inner, ['foreign', index]))) instanceof PoolError)
})

interface Known {
  readonly name: string
  readonly make: () => Error
  readonly own?: Readonly<Record<string, unknown>>
}

type Made = new (...args: readonly unknown[]) => Error
const ofGlobal = (name: string): Made => Reflect.get(globalThis, name) as Made

const known: readonly Known[] = [
  ...['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'].map((name) => ({
    name,
    make: () => new (ofGlobal(name))('kept')
  })),
  { name: 'AggregateError', make: () => new AggregateError([1], 'kept'), own: { errors: [1] } },
  { name: 'SuppressedError', make: () => new (ofGlobal('SuppressedError'))(1, 2, 'kept'), own: { error: 1, suppressed: 2 } },
  ...['AbortError', 'TimeoutError', 'DataCloneError', 'QuotaExceededError', 'MyOwn'].map((name) => ({
    name: 'DOMException',
    make: () => new DOMException('kept', name),
    own: { name }
  })),
  { name: 'QuotaExceededError', make: () => new (ofGlobal('QuotaExceededError'))('kept', { quota: 5, requested: 7 }), own: { quota: 5, requested: 7 } } // prettier-ignore
] // prettier-ignore

testBoth('errors of every class of the process keep their class and properties', (t) => {
  for (const { name, make, own = {} } of known.filter((each) => Object.hasOwn(globalThis, each.name))) {
    const sent = make()
    const error = decoded(encoded(sent)) as Error
    t.is(Object.getPrototypeOf(error), Object.getPrototypeOf(sent), name)
    t.is(error.message, 'kept')
    t.is(error.stack, sent.stack)
    for (const [key, value] of Object.entries(own)) t.deepEqual(Reflect.get(error, key), value, `${name}.${key}`)
    t.deepEqual(Object.keys(error), Object.keys(sent), name)
  }
})

testBoth.serial(
  'an error class newer than the library is kept, or becomes an Error of its name if it is missing',
  (t) => {
    class BrandNewError extends Error {
      constructor(message: string) {
        super(message)
        Object.defineProperty(this, 'detail', { value: 5 })
      }
    }
    Object.defineProperty(BrandNewError.prototype, 'name', { value: 'BrandNewError' })
    Object.assign(globalThis, { BrandNewError })
    const bytes = encoded(new BrandNewError('kept'))
    const error = decoded(bytes) as Error & { detail: unknown }
    t.true(error instanceof BrandNewError)
    t.is(error.detail, 5)
    Reflect.deleteProperty(globalThis, 'BrandNewError')
    const plain = decoded(bytes) as Error & { detail: unknown }
    t.is(Object.getPrototypeOf(plain), Error.prototype)
    t.deepEqual([plain.name, plain.message, plain.detail], ['BrandNewError', 'kept', 5])
  }
)

testBoth('a global that is not a class is not used as one, and no getter runs for another name', (t) => {
  const ran: string[] = []
  const getter = (name: string) => (): never => {
    ran.push(name)
    throw new Error('a getter')
  }
  const names = ['notAnErrorAtAll', 'ThrowingError', 'PlainError', 'NumberError']
  Object.defineProperty(globalThis, 'notAnErrorAtAll', { get: getter('notAnErrorAtAll'), configurable: true })
  Object.defineProperty(globalThis, 'ThrowingError', { get: getter('ThrowingError'), configurable: true })
  Object.assign(globalThis, { PlainError: function PlainError() {}, NumberError: 5 })
  for (const name of names) {
    const Own = { [name]: class extends TypeError {} }[name] as new (message: string) => Error
    const error = decoded(encoded(new Own('kept'))) as Error
    t.true(error instanceof TypeError, name)
    t.is(error.message, 'kept')
  }
  for (const name of names) Reflect.deleteProperty(globalThis, name)
  t.false(ran.includes('notAnErrorAtAll'))
  const foreign = runInNewContext('new AggregateError([1], "far")') as Error
  t.true(decoded(encoded(foreign)) instanceof AggregateError)
})

testBoth.serial('a task can throw an error whose class exists only in newer versions of Node', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const task = (name: string): never => {
    const Own = Reflect.get(globalThis, name) as Made
    throw name === 'SuppressedError'
      ? new Own(new RangeError('inner'), new TypeError('outer'), 'kept')
      : new Own('kept')
  }
  for (const name of ['SuppressedError', 'QuotaExceededError', 'DOMException', 'URIError']) {
    if (!Object.hasOwn(globalThis, name)) continue
    const error = await failure(pool.apply(task, [name]))
    t.is(Object.getPrototypeOf(error), ofGlobal(name).prototype, name)
    t.is(error.message, 'kept')
    if (name === 'SuppressedError')
      t.true(error['error'] instanceof RangeError && error['suppressed'] instanceof TypeError)
  }
})
