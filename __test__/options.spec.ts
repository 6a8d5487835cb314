import { AssertionError } from 'node:assert'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { inspect } from 'node:util'
import test from 'ava'
import type { PoolErrorCode } from '../src-ts/errors/index.js'
import {
  BatchResultError,
  ConcatenationError,
  DaemonicProcessError,
  NotSerializableError,
  PoolClosedError,
  PoolError,
  PoolTerminatedError,
  TaskFunctionError,
  TaskTimeoutError,
  WorkerDiedError,
  WorkerStartError,
  invalidOption,
  poolErrorClasses
} from '../src-ts/errors/index.js'
import type { Machine, MapSettings } from '../src-ts/options/index.js'
import { readApplyOptions, readJoinOptions, readMapOptions, readPoolOptions } from '../src-ts/options/index.js'

const machine: Machine = { cpuCount: 4, availableCpus: [0, 1, 2], defaultJobs: 2, canPin: true }
const defaults: MapSettings = readPoolOptions(undefined, machine).map

type Bad = readonly [value: unknown, errorClass: 'TypeError' | 'RangeError', option?: string]
const T = 'TypeError'
const R = 'RangeError'

const notNumbers: readonly Bad[] = [null, '2', true, 2n, [2], {}, () => 2, Symbol('2'), Object(2)].map((x) => [x, T])
const notCounts: readonly Bad[] = [...notNumbers, ...[0, -1, 1.5, NaN, Infinity, 2 ** 53].map((x): Bad => [x, R])]
const notBooleans: readonly Bad[] = [null, 0, 1, 'true', 'false', {}, [], Object(true)].map((x) => [x, T])
const notTexts: readonly Bad[] = [
  [null, T],
  [5, T],
  [{}, T],
  [['a'], T],
  ['', R],
  ['a\0b', R]
]

const notTimes: readonly Bad[] = [
  ...notNumbers,
  ...[0, -0, -1, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, 1e12].map((x): Bad => [x, R])
]
const notFunctions: readonly Bad[] = [null, 0, true, 'init', {}, [], Symbol('f'), Object('f')].map((x) => [x, T])

const bad: { readonly [option: string]: readonly Bad[] } = {
  chunkSize: notCounts,
  nSplits: notCounts,
  maxTasksActive: notCounts,
  workerLifespan: notCounts,
  iterableLength: [...notNumbers, [-1, R], [0.5, R], [NaN, R], [Infinity, R]],
  orderTasks: notBooleans,
  spread: notBooleans,
  passContext: notBooleans,
  withIndex: notBooleans,
  batch: [...notCounts, [2 ** 24 + 1, R]],
  retries: [...notNumbers, ...[-1, 0.5, NaN, Infinity, 2 ** 32].map((x): Bad => [x, R])],
  killGrace: [...notNumbers, ...[-1, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, 1e12].map((x): Bad => [x, R])],
  taskTimeout: notTimes,
  workerInit: notFunctions,
  workerExit: notFunctions,
  workerInitTimeout: notTimes,
  workerExitTimeout: notTimes,
  signal: [null, 5, 'abort', {}, { aborted: false }, { aborted: 0, addEventListener() {} }, new AbortController()].map(
    (x) => [x, T]
  )
}

const badForPools: { readonly [option: string]: readonly Bad[] } = {
  ...bad,
  nJobs: [...notCounts.filter(([x]) => x !== 0), [1025, R]],
  maxQueue: [...notNumbers, [-1, R], [0.5, R], [NaN, R], [Infinity, R]],
  idleTimeout: [...notNumbers, ...[-1, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, 1e12].map((x): Bad => [x, R])],
  maxWorkerMemory: notCounts,
  maxHeap: [...notCounts, [16 * 1024 * 1024 - 1, R]],
  daemon: notBooleans,
  keepAlive: notBooleans,
  enableInsights: notBooleans,
  cwd: [...notTexts, [new URL('https://example.org'), R], [new URL('file:///a%00b'), R]],
  execPath: notTexts,
  stdio: [
    [null, T],
    [true, T],
    [['inherit'], T],
    ['overlapped', R],
    ['', R]
  ],
  execArgv: [
    [null, T],
    ['--no-warnings', T],
    [{ 0: 'a', length: 1 }, T],
    [['a', 5], T, 'execArgv[1]'],
    [['a', undefined], T, 'execArgv[1]'],
    // oxlint-disable-next-line no-sparse-arrays
    [['a', , 'c'], T, 'execArgv[1]'],
    [['a\0'], R, 'execArgv[0]']
  ],
  env: [
    [null, T],
    ['A=1', T],
    [['A=1'], T],
    [new Map([['A', '1']]), T],
    [() => ({}), T],
    [{ A: 1 }, T, 'env.A'],
    [{ A: null }, T, 'env.A'],
    [{ A: 'a\0' }, R, 'env.A'],
    [{ 'A=B': 'a' }, R],
    [{ 'A\0': 'a' }, R],
    [{ '': 'a' }, R]
  ],
  cpuIds: [
    [0, T],
    ['0', T],
    [true, T],
    [{ 0: 0, length: 1 }, T],
    [new Uint8Array(1), T],
    [['0'], T, 'cpuIds[0]'],
    [[true], T, 'cpuIds[0]'],
    [[null], T, 'cpuIds[0]'],
    [[0n], T, 'cpuIds[0]'],
    // oxlint-disable-next-line no-sparse-arrays
    [[0, ,], T, 'cpuIds[1]'],
    [[[0, '1']], T, 'cpuIds[0][1]'],
    [[[[0]]], T, 'cpuIds[0][0]'],
    [[Array(5)], T, 'cpuIds[0][0]'],
    [[0, 1, 2], R],
    [[[]], R, 'cpuIds[0]'],
    [[0, []], R, 'cpuIds[1]'],
    [[NaN], R, 'cpuIds[0]'],
    [[-0], R, 'cpuIds[0]'],
    [[1.5], R, 'cpuIds[0]'],
    [[[0, Infinity]], R, 'cpuIds[0][1]'],
    [[4], R],
    [[0, [1, 9]], R],
    [[-1], R],
    [[0, -1], R],
    [[3], R, 'cpuIds[0]'],
    [[[0, 1], [3]], R, 'cpuIds[1]']
  ]
}

const readers: { readonly [call: string]: readonly [(options: unknown) => unknown, typeof bad] } = {
  'new WorkerPool': [(options) => readPoolOptions(options, machine), badForPools],
  map: [(options) => readMapOptions(options, defaults), bad],
  apply: [
    (options) => readApplyOptions(options, defaults),
    {
      signal: bad['signal'] ?? [],
      taskTimeout: bad['taskTimeout'] ?? [],
      killGrace: bad['killGrace'] ?? [],
      retries: bad['retries'] ?? [],
      workerInit: notFunctions,
      workerExit: notFunctions,
      workerInitTimeout: notTimes,
      workerExitTimeout: notTimes
    }
  ],
  stopAndJoin: [readJoinOptions, { timeout: [...notNumbers, [-1, R], [NaN, R], [Infinity, R], [-Infinity, R]] }]
}

function refuse(read: () => unknown): Error & { readonly code?: unknown } {
  try {
    read()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('was accepted')
}

for (const [call, [read, table]] of Object.entries(readers)) {
  for (const [option, rows] of Object.entries(table)) {
    for (const [value, errorClass, named = option] of rows) {
      test(`${call}: ${option} refuses ${inspect(value, { breakLength: Infinity })} as a ${errorClass}`, (t) => {
        const error = refuse(() => read({ [option]: value }))
        t.is(error.name, errorClass)
        t.is(error.code, 'ERR_POOL_INVALID_OPTION')
        t.true(error instanceof PoolError)
        t.true(error.message.startsWith(`${named} must be `) || error.message.startsWith(`${named}: `), error.message)
        t.regex(error.message, /, got .+$/)
      })
    }
    test(`${call}: ${option} may be undefined`, (t) => {
      t.deepEqual(read({ [option]: undefined }), read({}))
    })
  }

  for (const options of [null, 5, 'chunkSize', true, [], () => ({}), Symbol('options')]) {
    test(`${call}: refuses ${inspect(options)} as options`, (t) => {
      const error = refuse(() => read(options))
      t.is(error.name, 'TypeError')
      t.is(error.code, 'ERR_POOL_INVALID_OPTION')
      t.is(error.message, `options must be an object, got ${inspect(options)}`)
    })
  }

  test(`${call}: refuses unknown options and names those that exist`, (t) => {
    for (const option of ['dashboard', 'insights', 'constructor', 'toString', '']) {
      const error = refuse(() => read({ [option]: 7 }))
      t.is(error.name, 'TypeError')
      t.is(error.code, 'ERR_POOL_INVALID_OPTION')
      t.true(error.message.startsWith(`unknown option '${option}' (got 7); the options are `), error.message)
      t.true(error.message.includes(Object.keys(table)[0] ?? 'nothing'), error.message)
    }
    t.regex(refuse(() => read(JSON.parse('{"__proto__": 7}'))).message, /unknown option '__proto__'/)
    t.regex(refuse(() => read({ [Symbol('x')]: 7 })).message, /unknown option 'Symbol\(x\)'/)
  })

  test(`${call}: reads own properties only, each once`, (t) => {
    const [first = ''] = Object.keys(table)
    t.deepEqual(read(Object.create({ [first]: 'bad', unknown: 1 })), read({}))
    t.deepEqual(read(Object.create(null)), read({}))
    let reads = 0
    const getter = Object.defineProperty({}, first, { enumerable: true, get: () => void (reads += 1) })
    t.deepEqual(read(getter), read({}))
    t.is(reads, 1)
  })
}

test('the limits of cpuIds are worded as in MPIRE', (t) => {
  const message = (cpuIds: unknown): string => refuse(() => readPoolOptions({ nJobs: 2, cpuIds }, machine)).message
  t.is(message([0, 1, 2]), 'cpuIds: Number of CPU IDs (3) does not match number of jobs (2), got [ 0, 1, 2 ]')
  t.is(message([9]), 'cpuIds: CPU ID 9 exceeds the maximum CPU ID available on your system: 3, got [ 9 ]')
  t.is(message([-1]), 'cpuIds: CPU IDs cannot be negative, got [ -1 ]')
  t.is(message(['0']), "cpuIds[0]: CPU ID(s) must be either a list or a single integer, got '0'")
  t.is(message([3]), 'cpuIds[0]: this process may use none of these CPUs, only 0, 1, 2, got [ 3 ]')
})

test('cpuIds gives each worker its set', (t) => {
  const sets = (cpuIds: unknown, nJobs = 2): unknown => readPoolOptions({ nJobs, cpuIds }, machine).cpuIds
  for (const none of [undefined, null, []]) t.deepEqual(sets(none), [])
  t.deepEqual(sets([1, 2]), [[1], [2]])
  t.deepEqual(sets([0], 3), [[0], [0], [0]])
  t.deepEqual(sets([[0, 1]], 3), [[0, 1], [0, 1], [0, 1]]) // prettier-ignore
  t.deepEqual(sets([[0, 1], [2]]), [[0, 1], [2]]) // prettier-ignore
  t.deepEqual(sets([[0, 1], 2]), [[0, 1], [2]])
  t.deepEqual(sets([1], 1), [[1]])
  t.deepEqual(sets([[1, 0, 1, 1]], 1), [[1, 0]], 'without duplicates')
  t.deepEqual(sets([[2, 3]], 1), [[2]], 'cut to what this process may use')
  t.deepEqual(readPoolOptions({ cpuIds: [0, 1] }, machine).cpuIds, [[0], [1]], 'checked against the default of nJobs')
})

test('if nothing can be pinned, one warning says so and the ids are still checked', async (t) => {
  const unpinned: Machine = { ...machine, availableCpus: [], canPin: false }
  const warnings: Error[] = []
  const note = (warning: Error): void => {
    if ('code' in warning && warning.code === 'MILLRACE_NO_PINNING') warnings.push(warning)
  }
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  const heard = once(process, 'warning')
  t.deepEqual(readPoolOptions({ cpuIds: [0] }, unpinned).cpuIds, [])
  t.deepEqual(readPoolOptions({ cpuIds: [1] }, unpinned).cpuIds, [])
  t.is(refuse(() => readPoolOptions({ cpuIds: [4] }, unpinned)).name, 'RangeError')
  await heard
  await new Promise((done) => setImmediate(done))
  t.is(warnings.length, 1)
  t.regex(String(warnings[0]?.message), /CPU affinity is not supported/)
})

test('a pool without options has the defaults', (t) => {
  t.deepEqual(readPoolOptions(undefined, machine), {
    nJobs: 2,
    cpuIds: [],
    hasCpusEach: false,
    usableCpus: 2,
    daemon: true,
    env: undefined,
    cwd: undefined,
    execArgv: undefined,
    execPath: undefined,
    stdio: 'inherit',
    maxQueue: undefined,
    idleTimeout: undefined,
    workerStartTimeout: 60_000,
    maxWorkerMemory: undefined,
    maxHeap: undefined,
    sharedObjects: undefined,
    keepAlive: true,
    enableInsights: false,
    map: {
      chunkSize: undefined,
      nSplits: undefined,
      iterableLength: undefined,
      maxTasksActive: undefined,
      workerLifespan: undefined,
      orderTasks: false,
      spread: false,
      batch: undefined,
      slices: false,
      concatenate: false,
      passContext: false,
      withIndex: false,
      progressBar: undefined,
      onProgress: undefined,
      taskTimeout: undefined,
      retries: 0,
      killGrace: 100,
      signal: undefined,
      context: undefined,
      workerInit: undefined,
      workerExit: undefined,
      workerInitTimeout: undefined,
      workerExitTimeout: 5_000
    }
  })
  t.is(readPoolOptions({}, { ...machine, defaultJobs: 2000 }).nJobs, 1024)
})

test('valid values are used unchanged', (t) => {
  const { signal } = new AbortController()
  const map = {
    chunkSize: 1,
    nSplits: 3,
    iterableLength: 0,
    maxTasksActive: 2 ** 53 - 1,
    orderTasks: true,
    spread: true,
    batch: undefined,
    passContext: true,
    withIndex: true,
    taskTimeout: 2 ** 31 - 1,
    retries: 3,
    killGrace: 0,
    workerLifespan: 1,
    workerInit: Math.max,
    workerExit: () => 1,
    workerInitTimeout: 0.5,
    workerExitTimeout: 2 ** 31 - 1
  }
  const env = Object.freeze({ A: '1', B: undefined, EMPTY: '' })
  const settings = readPoolOptions(
    {
      nJobs: 1024,
      daemon: false,
      env,
      cwd: 'x',
      execArgv: ['-r', ''],
      execPath: 'node',
      stdio: 'ignore',
      maxQueue: 0,
      idleTimeout: 0.5,
      maxWorkerMemory: 1,
      maxHeap: 2 ** 24,
      signal,
      ...map
    },
    machine
  )
  t.is(settings.nJobs, 1024)
  t.false(settings.daemon)
  t.deepEqual({ ...settings.env }, { A: '1', EMPTY: '' })
  t.is(Object.getPrototypeOf(settings.env), null)
  t.is(settings.cwd, resolve('x'))
  t.deepEqual(settings.execArgv, ['-r', ''])
  t.is(settings.execPath, 'node')
  t.is(settings.stdio, 'ignore')
  t.deepEqual(
    [settings.maxQueue, settings.idleTimeout, settings.maxWorkerMemory, settings.maxHeap],
    [0, 0.5, 1, 2 ** 24]
  )
  t.deepEqual(settings.map, {
    ...map,
    slices: false,
    concatenate: false,
    signal,
    progressBar: undefined,
    onProgress: undefined,
    context: undefined
  })
  t.is(readPoolOptions({ nJobs: 1 }, machine).nJobs, 1)
  t.is(readPoolOptions({ cwd: new URL('file:///a%20b') }, machine).cwd, '/a b')
  t.deepEqual({ ...readPoolOptions({ env: process.env }, machine).env }, { ...process.env } as object)
  t.is(Object.keys(readPoolOptions({ env: JSON.parse('{"__proto__": "1"}') }, machine).env ?? {})[0], '__proto__')
  t.true(Object.is(readMapOptions({ iterableLength: -0 }, defaults).iterableLength, 0))
  t.deepEqual(readJoinOptions({ timeout: 0 }), { timeoutMs: 0 })
  t.deepEqual(readJoinOptions({ timeout: 1.5 }), { timeoutMs: 1.5 })
})

test('options are copied at the call', (t) => {
  const execArgv = ['-r']
  const env = { A: '1' }
  const cpuIds = [[0, 1]]
  const settings = readPoolOptions({ execArgv, env, cpuIds }, machine)
  execArgv.push('x')
  env.A = '2'
  cpuIds[0]?.push(2)
  t.deepEqual(settings.execArgv, ['-r'])
  t.is(settings.env?.['A'], '1')
  t.deepEqual(settings.cpuIds[0], [0, 1])
})

test('a signal of another realm is accepted by its shape', (t) => {
  const signal = { aborted: false, addEventListener() {}, removeEventListener() {} }
  t.is(readApplyOptions({ signal }, defaults).signal as unknown, signal)
})

test('a call falls back to the options of the pool', (t) => {
  const { signal } = new AbortController()
  const pool = readPoolOptions({ chunkSize: 5, maxTasksActive: 9, spread: true, orderTasks: true, signal }, machine).map
  t.deepEqual(readMapOptions(undefined, pool), pool)
  t.deepEqual(readMapOptions({ chunkSize: 2, spread: false }, pool), { ...pool, chunkSize: 2, spread: false })
  t.is(readApplyOptions(undefined, pool).signal, signal)
  const other = AbortSignal.abort()
  t.is(readApplyOptions({ signal: other }, pool).signal, other)
  t.is(readApplyOptions({}, { ...pool, killGrace: 5 }).killGrace, 5)
  t.is(readApplyOptions({ killGrace: 0 }, { ...pool, killGrace: 5 }).killGrace, 0)
  t.is(readApplyOptions({}, { ...pool, taskTimeout: 5 }).taskTimeout, 5)
  t.is(readApplyOptions({ taskTimeout: 0.5 }, { ...pool, taskTimeout: 5 }).taskTimeout, 0.5)
  const { chunkSize, nSplits } = readMapOptions({ nSplits: 3 }, pool)
  t.deepEqual([chunkSize, nSplits], [undefined, 3], "a call's nSplits is not overruled by the pool's chunkSize")
  t.deepEqual(readMapOptions({ nSplits: 3, chunkSize: 2 }, pool).chunkSize, 2)
})

test('the value in a message is short and showing it runs no code of the caller', (t) => {
  const spy = {
    toString: () => t.fail(),
    toJSON: () => t.fail(),
    [inspect.custom]: () => t.fail(),
    get a() {
      return t.fail()
    }
  }
  t.regex(invalidOption('type', 'x', spy, 'short').message, /^x must be short, got \{/)
  for (const long of [
    'a'.repeat(1e6),
    Array.from({ length: 1e6 }, () => 'abc'),
    Object.fromEntries([['b'.repeat(1e6), 1]])
  ]) {
    t.true(invalidOption('type', 'x', long, 'short').message.length < 250)
  }
  const hostile = new Proxy({}, { get: () => t.fail(), ownKeys: () => t.fail(), getPrototypeOf: () => t.fail() })
  t.regex(invalidOption('type', 'x', hostile, 'short').message, /^x must be short, got /)
})

const made: readonly (readonly [Error, string, PoolErrorCode])[] = [
  [new PoolClosedError(), 'PoolClosedError', 'ERR_POOL_CLOSED'],
  [new PoolTerminatedError(), 'PoolTerminatedError', 'ERR_POOL_TERMINATED'],
  [
    new WorkerDiedError({ exitCode: null, signal: 'SIGKILL', pid: 123, workerId: 2, index: 7, uptime: 1234 }),
    'WorkerDiedError',
    'ERR_POOL_WORKER_DIED'
  ],
  [new WorkerStartError('no'), 'WorkerStartError', 'ERR_POOL_WORKER_START'],
  [new TaskTimeoutError({ timeout: 5, index: 7, workerId: 2, pid: 123 }), 'TaskTimeoutError', 'ERR_POOL_TASK_TIMEOUT'],
  [new BatchResultError(3, 'an array of 2'), 'BatchResultError', 'ERR_POOL_BATCH_RESULT'],
  [new ConcatenationError(3, 'no'), 'ConcatenationError', 'ERR_POOL_CONCATENATION'],
  [new NotSerializableError('items[3].callback', 'a function'), 'NotSerializableError', 'ERR_POOL_NOT_SERIALIZABLE'],
  [new TaskFunctionError('no', { variable: 'socket' }), 'TaskFunctionError', 'ERR_POOL_FUNCTION'],
  [new DaemonicProcessError(), 'DaemonicProcessError', 'ERR_POOL_DAEMONIC'],
  [invalidOption('type', 'x', 1, 'a string'), 'TypeError', 'ERR_POOL_INVALID_OPTION'],
  [invalidOption('range', 'x', 1, 'above 1'), 'RangeError', 'ERR_POOL_INVALID_OPTION']
]

for (const [error, name, code] of made) {
  test(`${code} as ${name} is a PoolError with a stable code`, (t) => {
    t.true(error instanceof PoolError)
    t.is(error.name, name)
    t.true(error.stack?.startsWith(`${name}: ${error.message}\n`))
    t.deepEqual(Object.getOwnPropertyDescriptor(error, 'code'), {
      value: code,
      enumerable: true,
      configurable: true,
      writable: false
    })
    const classes = Object.values(poolErrorClasses).filter((errorClass) => error instanceof errorClass)
    t.deepEqual(new Set(classes), new Set([PoolError, poolErrorClasses[name] ?? PoolError]))
  })
}

test('errors say what happened in their properties', (t) => {
  const death = { exitCode: 3, signal: null, pid: 123, workerId: 2, index: 7, uptime: 1234 }
  const died = new WorkerDiedError(death)
  t.deepEqual({ ...died } as object, { ...death, code: 'ERR_POOL_WORKER_DIED', reason: undefined, phase: 'running' })
  t.is(died.message, 'worker 2 (pid 123, up 1.2 s) exited with code 3 while it ran task 7')
  t.is(
    new WorkerDiedError({ ...death, exitCode: 0xc000_0005 }).message,
    'worker 2 (pid 123, up 1.2 s) exited with code 3221225477 (0xC0000005) while it ran task 7'
  )
  t.is(
    new WorkerDiedError({ ...death, phase: 'waiting', item: '{ a: 1 }' }).message,
    'worker 2 (pid 123, up 1.2 s) exited with code 3 before it began task 7: { a: 1 }'
  )
  const killed = { ...death, exitCode: null, signal: 'SIGKILL' }
  t.is(
    new WorkerDiedError({ ...killed, phase: 'unsent', reason: 'oom' }).message,
    'worker 2 (pid 123, up 1.2 s) was killed by SIGKILL, most likely by the out-of-memory killer, before it had sent the result of task 7'
  )
  t.is(
    new WorkerDiedError({ ...killed, reason: 'overload' }).message,
    "worker 2 (pid 123, up 1.2 s) was killed by the pool because its result did not fit into this process's memory while it ran task 7"
  )
  t.is(made[2]?.[0].message, 'worker 2 (pid 123, up 1.2 s) was killed by SIGKILL while it ran task 7')
  t.is(new NotSerializableError('items[3].callback', 'a function').path, 'items[3].callback')
  t.is(new TaskFunctionError('no', { variable: 'socket' }).variable, 'socket')
  t.false('variable' in new TaskFunctionError('no'))
  const late = { timeout: 5, index: 7, workerId: 2, pid: 123 }
  t.deepEqual({ ...new TaskTimeoutError(late) } as object, { ...late, code: 'ERR_POOL_TASK_TIMEOUT' })
  t.is(new TaskTimeoutError(late).message, 'task 7 ran for longer than 5 ms; worker 2 (pid 123) was killed')
  t.true(new DaemonicProcessError() instanceof AssertionError)
  t.is(new DaemonicProcessError().message, 'daemonic processes are not allowed to have children')
})

test('other errors are not instances of PoolError', (t) => {
  t.false((new Error('x') as unknown) instanceof PoolError)
  t.false((Object.assign(new Error('x'), { code: 'ENOENT' }) as unknown) instanceof PoolError)
  t.false(({ code: 'ERR_POOL_CLOSED' } as unknown) instanceof PoolError)
  t.false((null as unknown) instanceof PoolError)
  t.is(poolErrorClasses['constructor'], undefined)
})
