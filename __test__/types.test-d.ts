// Checked by tsc, never run: each line compiles, or is marked as an error that has to stay one.
import type { Readable } from 'node:stream'
import {
  type ArgsOf,
  availableCpus,
  cpuCount,
  currentTask,
  DaemonicProcessError,
  type Insights,
  type Trace,
  isWorker,
  type MapOptions,
  NotSerializableError,
  PoolClosedError,
  PoolError,
  type PoolErrorCode,
  type PoolStats,
  PoolTerminatedError,
  QueueFullError,
  type SharedArray,
  type IndexedResult,
  type ResultIterator,
  type SettledItem,
  type SlowTask,
  task,
  type TaskContext,
  TaskFunctionError,
  type TaskReference,
  tasks,
  TaskTimeoutError,
  WorkerDiedError,
  type WorkerInfo,
  WorkerPool,
  type WorkerPoolOptions,
  WorkerStartError
} from '../dist/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function holds<T extends true>(...values: T[]): void
declare function is<Wanted>(): <Given>(value: Given, ...same: Equal<Wanted, Given> extends true ? [] : [never]) => void

declare const pool: WorkerPool

// oxlint-disable-next-line typescript/consistent-type-imports -- the form that the documentation shows
type PathModule = typeof import('node:path')

interface Jobs {
  readonly resize: (path: string, width: number, context: TaskContext) => Promise<Uint8Array>
  readonly double: (x: number) => number
  readonly label: (x: number, prefix?: string) => string
  readonly version: string
  readonly Resizer: new () => object
}

export async function results(): Promise<void> {
  is<number[]>()(await pool.map((x: number) => x * 2, [1, 2]))
  is<string[]>()(await pool.mapUnordered(async (x: number) => String(x), [1, 2]))
  is<Promise<boolean[]>>()(pool.map((x: string) => x === '', ['a']))
  is<ResultIterator<string>>()(pool.imap(async (x: number) => String(x), [1, 2]))
  is<ResultIterator<number>>()(pool.imapUnordered((x: number) => x, [1, 2]))
  const iterator: AsyncIterableIterator<string> & AsyncDisposable = pool.imap((x: number) => String(x), [1])
  await using disposed = pool.imap((x: number) => x, [1])
  is<ResultIterator<number>>()(disposed[Symbol.asyncIterator]())
  for await (const result of disposed) is<number>()(result)
  is<IteratorResult<string>>()(await iterator.next())
  is<PromiseSettledResult<number>[]>()(await pool.mapSettled(async (x: number) => x, [1, 2]))
  is<ResultIterator<SettledItem<string>>>()(pool.imapSettled(async (x: number) => String(x), [1, 2]))
  is<ResultIterator<SettledItem<number>>>()(pool.imapSettledUnordered((x: number) => x, [1, 2]))
  for await (const each of pool.imapSettled((x: number) => x, [1])) {
    is<number>()(each.index)
    if (each.status === 'fulfilled') is<number>()(each.value)
    else is<unknown>()(each.reason)
  }
  is<number[]>()(await pool.map((x) => x.toFixed().length, [1, 2]))
  is<1[]>()(await pool.map(() => 1 as const, [1, 2]))
  is<number[]>()(await pool.map((x: number | string) => Number(x), [1, 2]))
  is<number[]>()(await pool.map((mode: 'fast' | 'small') => mode.length, ['fast', 'small']))
  for await (const x of pool.imap((n: bigint) => n * 2n, [1n])) is<bigint>()(x)

  // @ts-expect-error a number is no string
  void pool.map((x: string) => x.length, [1])
  // @ts-expect-error the items of a mixed array are checked too
  void pool.map((x: number) => x, [1, 'a'])
  // @ts-expect-error neither is one of the modes
  void pool.map((mode: 'fast' | 'small') => mode, ['slow'])
  // @ts-expect-error not iterable
  void pool.map((x: number) => x, 5)
  // @ts-expect-error no function
  void pool.map('Math.sqrt', [1])
  // @ts-expect-error the second parameter is not given
  void pool.map((a: number, b: number) => a + b, [1, 2])
}

export async function context(): Promise<void> {
  is<number[]>()(await pool.map((x: number, ctx: TaskContext) => x + ctx.workerId, [1], { passContext: true }))
  is<string[]>()(
    await pool.map(
      (x, ctx) => {
        is<string>()(x)
        is<TaskContext>()(ctx)
        is<Record<string, unknown>>()(ctx.state)
        return x + ctx.index
      },
      ['a'],
      { passContext: true, chunkSize: 1 }
    )
  )
  is<string[]>()(await pool.map((x: number, prefix: string = '#') => prefix + String(x), [1]))
  const maybe: MapOptions = { passContext: true }
  is<number[]>()(await pool.map((x: number) => x, [1], maybe))
  is<TaskContext | undefined>()(currentTask())
  for await (const id of pool.imap((x: number, ctx) => x + ctx.workerId, [1], { passContext: true })) is<number>()(id)
  // @ts-expect-error without passContext there is no context
  void pool.map((x: number, ctx: TaskContext) => x + ctx.index, [1])
  // @ts-expect-error nor with false
  void pool.map((x: number, ctx: TaskContext) => x + ctx.index, [1], { passContext: false })
  // @ts-expect-error nor where it is not known
  void pool.map((x: number, ctx: TaskContext) => x + ctx.index, [1], maybe)
  // @ts-expect-error the context is no number
  void pool.map((x: number, y: number = 2) => x + y, [1], { passContext: true })
  is<unknown[]>()(await pool.map((_: number, ctx: TaskContext) => ctx.shared, [1], { passContext: true }))
}

export async function items(stream: Readable, lines: AsyncIterable<string>): Promise<void> {
  is<number[]>()(await pool.map((x) => x, new Set([1])))
  is<string[]>()(await pool.map(([key, value]) => key + value.toFixed(), new Map([['a', 1]])))
  is<number[]>()(await pool.map((x) => x, new Float64Array(2)))
  is<bigint[]>()(await pool.map((x) => x, new BigInt64Array(2)))
  is<number[]>()(await pool.map((line) => line.length, lines))
  is<number[]>()(await pool.map((chunk: Buffer) => chunk.length, stream))
  is<string[]>()(await pool.map((letter) => letter, 'abc'))
  is<number[]>()(await pool.map((x) => x, [1, 2] as const).then((all) => all.map(Number)))
  function* count(): Generator<number> {
    yield 1
  }
  is<number[]>()(await pool.map((x) => x, count()))
  // @ts-expect-error entries of a map are pairs
  void pool.map((x: string) => x, new Map([['a', 1]]))
  // @ts-expect-error lines are strings
  void pool.map((x: number) => x, lines)
}

export async function spread(rows: [number, string][], pairs: AsyncIterable<readonly [number, number]>): Promise<void> {
  is<string[]>()(await pool.map((a: number, b: string) => b.repeat(a), [[1, 'a']], { spread: true }))
  is<string[]>()(await pool.map((a: number, b: string) => b.repeat(a), rows, { spread: true }))
  is<string[]>()(await pool.map((a, b) => b.repeat(a), rows, { spread: true }))
  is<string[]>()(await pool.map((a, b) => b.repeat(a), [[1, 'a']], { spread: true, chunkSize: 1 }))
  is<number[]>()(await pool.map(async (a: number, b: number) => a + b, pairs, { spread: true }))
  is<number[]>()(
    await pool.map((a: number, b: string, ctx: TaskContext) => a + b.length + ctx.index, [[1, 'a']], {
      spread: true,
      passContext: true
    })
  )
  is<number[]>()(await pool.map((a, b, ctx) => a + b.length + ctx.index, rows, { spread: true, passContext: true }))
  is<number[]>()(await pool.map((a: number, b?: number) => a + (b ?? 0), [[1], [1, 2]], { spread: true }))
  is<number[]>()(await pool.map((...all: number[]) => all.length, [[1], [1, 2, 3]], { spread: true }))
  is<string[]>()(await pool.map((mode: 'fast' | 'small', n: number) => mode + n, [['fast', 1]], { spread: true }))
  is<ResultIterator<string>>()(pool.imap((a: number, b: string) => b.repeat(a), rows, { spread: true }))

  // @ts-expect-error the second argument is a string
  void pool.map((a: number, b: number) => a + b, [[1, 'a']], { spread: true })
  // @ts-expect-error the second argument is missing
  void pool.map((a: number, b: number) => a + b, [[1]], { spread: true })
  // @ts-expect-error one argument too many
  void pool.map((a: number) => a, [[1, 2]], { spread: true })
  // @ts-expect-error an item is not an array
  void pool.map((a: number) => a, [1], { spread: true })
  // @ts-expect-error a pair is one argument without `spread`
  void pool.map((a: number, b: string) => b.repeat(a), rows)
  is<number[]>()(await pool.map((pair) => pair[0], rows, { spread: false }))
}

export async function wrap(): Promise<void> {
  const url = new URL('./jobs.js', import.meta.url)
  const jobs = tasks<Jobs>(url)
  const repeat = pool.wrap((text: string, times: number) => text.repeat(times))
  is<(text: string, times: number) => Promise<string>>()(repeat)
  is<string>()(await repeat('a', 3))
  const unwrapped = pool.wrap(async (x: number) => x, { taskTimeout: 5 })
  is<(x: number) => Promise<number>>()(unwrapped)
  const optional = pool.wrap((a: number, b?: string) => [a, b])
  is<(a: number, b?: string) => Promise<(number | string | undefined)[]>>()(optional)
  const max = pool.wrap(Math.max)
  is<(...values: number[]) => Promise<number>>()(max)
  const all = pool.wrap((...parts: readonly string[]) => parts.length)
  is<(...parts: readonly string[]) => Promise<number>>()(all)
  const pair = pool.wrap(<T>(value: T): T[] => [value])
  is<boolean[]>()(await pair(true))
  const inTask = pool.wrap((x: number, ctx: TaskContext) => x + ctx.workerId, { passContext: true })
  is<number>()(await inTask(1))
  // @ts-expect-error the pool passes the context
  void inTask(1, 2)
  is<number>()(await pool.wrap(jobs.double)(1))
  is<Uint8Array>()(await pool.wrap(jobs.resize, { passContext: true })('a.png', 10))
  is<unknown>()(await pool.wrap(url)(1, 'a'))
  // @ts-expect-error an argument of another type
  void repeat(1, 1)
  // @ts-expect-error too few arguments
  void repeat('a')
  // @ts-expect-error too many arguments
  void repeat('a', 1, 2)
  // @ts-expect-error a wrapped function takes no batches
  pool.wrap((x: number) => x, { batch: 10 })
  // @ts-expect-error a wrapped function is one task
  pool.wrap((x: number) => x, { chunkSize: 1 })
  // @ts-expect-error no function
  pool.wrap(5)
}

export async function apply(): Promise<void> {
  is<string>()(await pool.apply((a: number, b: string) => b.repeat(a), [1, 'a']))
  is<number>()(await pool.apply(async (a: number, ctx: TaskContext) => a + ctx.workerId, [1], { passContext: true }))
  is<number>()(await pool.apply((a, b) => a + b.length, [1, 'a']))
  is<number>()(await pool.apply(() => 1))
  is<number>()(await pool.apply((ctx: TaskContext) => ctx.workerId, [], { passContext: true }))
  is<number>()(await pool.apply((ctx) => ctx.workerId, [], { passContext: true }))
  is<number>()(await pool.apply(async () => 1, undefined, {}))
  is<number>()(await pool.apply(() => 1, [], { signal: AbortSignal.abort() }))
  // @ts-expect-error without passContext there is no context
  void pool.apply((ctx: TaskContext) => ctx.workerId)
  is<number>()(await pool.apply((a?: number) => a ?? 0))
  is<number>()(await pool.apply((a: number, b?: number) => a + (b ?? 0), [1]))
  is<number>()(await pool.apply((a: number, b?: number) => a + (b ?? 0), [1, 2]))
  is<number>()(await pool.apply((...all: number[]) => all.length, [1, 2, 3]))
  is<number>()(await pool.apply((a: number) => a, [1] as const))
  // @ts-expect-error the argument is missing
  void pool.apply((a: number) => a)
  // @ts-expect-error wrong kind of argument
  void pool.apply((a: number) => a, ['a'])
  // @ts-expect-error one argument too many
  void pool.apply((a: number) => a, [1, 2])
  // @ts-expect-error an option of the map family
  void pool.apply((a: number) => a, [1], { chunkSize: 1 })
}

export async function batches(): Promise<void> {
  is<string[]>()(await pool.map((xs: number[]) => xs.map(String), [1, 2], { batch: 10 }))
  is<string[]>()(await pool.map(async (xs) => xs.map((x) => x.toFixed(1)), [1, 2], { batch: 10 }))
  is<ResultIterator<number>>()(pool.imapUnordered((xs: readonly number[]) => xs, [1], { batch: 10, chunkSize: 2 }))
  is<number[]>()(await pool.map((xs, ctx) => xs.map(() => ctx.index), ['a'], { batch: 2, passContext: true }))
  is<PromiseSettledResult<number>[]>()(await pool.mapSettled((xs: number[]) => xs, [1], { batch: 2 }))
  is<ResultIterator<SettledItem<number>>>()(pool.imapSettled((xs: number[]) => xs, [1], { batch: 2 }))
  is<IndexedResult<number>[]>()(await pool.mapUnordered((x: number) => x, [1], { withIndex: true }))
  is<ResultIterator<IndexedResult<number>>>()(pool.imapUnordered((x: number) => x, [1], { withIndex: true }))
  is<IndexedResult<number>[]>()(await pool.mapUnordered((xs: number[]) => xs, [1], { withIndex: true, batch: 2 }))
  is<number[]>()(await pool.mapUnordered((x: number) => x, [1], { withIndex: false }))
  // @ts-expect-error the function has to return an array
  void pool.map((xs: number[]) => xs.length, [1, 2], { batch: 10 })
  // @ts-expect-error a batch is no number
  void pool.map((x: number) => [x], [1, 2], { batch: 10 })
  // @ts-expect-error spread and batch exclude each other
  void pool.map((x: number) => [x], [[1]], { batch: 10, spread: true })
  // @ts-expect-error apply has no batch
  void pool.apply((x: number) => x, [1], { batch: 10 })
}

export async function references(): Promise<void> {
  const url = new URL('./jobs.js', import.meta.url)
  const jobs = tasks<Jobs>(url)
  holds<Equal<keyof typeof jobs, 'resize' | 'double' | 'label'>>()
  is<number[]>()(await pool.map(jobs.double, [1]))
  is<string[]>()(await pool.map(jobs.label, [1]))
  is<Uint8Array[]>()(await pool.map(jobs.resize, [['a.png', 10]], { spread: true, passContext: true }))
  is<Uint8Array>()(await pool.apply(jobs.resize, ['a.png', 10], { passContext: true }))
  is<ResultIterator<number>>()(pool.imap(task<(x: number) => number>(url, 'double'), [1]))
  is<unknown[]>()(await pool.map(task(url), ['anything']))
  is<unknown>()(await pool.apply(task(url, 'double'), [1, 'a']))
  is<unknown[]>()(await pool.map(url, [1, 'a']))
  is<unknown[]>()(await pool.map(url, [[1, 'a']], { spread: true }))
  is<unknown>()(await pool.apply(url, [1]))
  is<string[]>()(await pool.map(tasks<PathModule>('node:path').dirname, ['/a/b']))
  is<TaskReference | undefined>()(tasks(url)['anything'])
  // @ts-expect-error a number is no string
  void pool.map(tasks<PathModule>('node:path').dirname, [1])
  // @ts-expect-error a string is no number
  void pool.map(jobs.double, ['a'])
  // @ts-expect-error the width is missing
  void pool.apply(jobs.resize, ['a.png'])
  // @ts-expect-error no function
  void jobs.version
  // @ts-expect-error a class cannot be called
  void jobs.Resizer
  is<number>()(await jobs.double(1))
  is<Promise<number>>()(jobs.double(1))
  is<Promise<Uint8Array>>()(jobs.resize('a.png', 10, currentTask() as TaskContext))
  is<Promise<string>>()(jobs.label(1))
  is<Promise<string>>()(jobs.label(1, '#'))
  is<Promise<unknown>>()(task(url)('anything', 1))
  is<string>()(await tasks<PathModule>('node:path').join('a', 'b'))
  is<number>()(await pool.apply(jobs.double, [1]))
  is<IndexedResult<number>[]>()(await pool.map(jobs.double, [1], { withIndex: true }))
  is<PromiseSettledResult<string>[]>()(await pool.mapSettled(jobs.label, [[1, '#']], { spread: true }))
  const doubleAll = task<(xs: number[]) => Promise<number[]>>(url, 'doubleAll')
  is<number[]>()(await pool.map(doubleAll, [1, 2], { batch: 10 }))
  is<number[]>()(await pool.map((x: number) => jobs.double(x), [1]))
  // @ts-expect-error a string is no number
  void jobs.double('a')
  // @ts-expect-error the width is missing
  void jobs.resize('a.png')
  // @ts-expect-error a reference is not made by hand
  void pool.map({ url: 'file:///jobs.js', name: 'double' }, [1])
}

export async function options(ready: MapOptions): Promise<void> {
  const all: WorkerPoolOptions = {
    nJobs: 2,
    cpuIds: [[0, 1], 1],
    daemon: false,
    env: process.env,
    cwd: new URL('file:///tmp'),
    execArgv: ['--no-warnings'] as const,
    execPath: process.execPath,
    stdio: 'ignore',
    chunkSize: 1,
    spread: true,
    signal: undefined
  }
  void all
  is<number[]>()(await pool.map((x: number) => x, [1], ready))
  is<number[]>()(await pool.map((x: number) => x, [1], { chunkSize: 1, orderTasks: true, signal: undefined }))
  // @ts-expect-error misspelt
  void pool.map((x: number) => x, [1], { chunksize: 1 })
  // @ts-expect-error null is for cpuIds only
  void pool.map((x: number) => x, [1], { chunkSize: null })
  // @ts-expect-error comes with a later version
  const later: WorkerPoolOptions = { dashboard: true }
  void later
  const pipe: WorkerPoolOptions = { stdio: 'pipe' }
  void pipe
  await pool.stopAndJoin({ timeout: 1000 })
  // @ts-expect-error terminate has no options
  await pool.terminate({ timeout: 1000 })
}

export function state(): void {
  is<readonly WorkerInfo[]>()(pool.workers)
  is<PoolStats>()(pool.stats)
  is<boolean>()(pool.closed)
  pool
    .on('workerStart', (worker) => is<number>()(worker.pid))
    .on('workerExit', (_worker, { signal }) => is<string | null>()(signal))
    .on('error', (error) => is<Error>()(error))
    .on('close', () => undefined)
  const onClose = (): void => undefined
  is<WorkerPool>()(pool.once('close', onClose).off('close', onClose))
  pool.once('workerStart', (worker) => is<number>()(worker.id))
  // @ts-expect-error no such event
  pool.on('exit', () => undefined)
  // @ts-expect-error an event gives no such argument
  pool.once('close', (code: number) => code)
}

export function argumentsOf(): void {
  holds<Equal<ArgsOf<(a: number, ctx: TaskContext) => void>, [a: number]>>()
  holds<Equal<ArgsOf<(ctx: TaskContext) => void>, []>>()
  holds<Equal<ArgsOf<() => void>, []>>()
  holds<Equal<ArgsOf<(a: number, b: string) => void>, [a: number, b: string]>>()
  holds<Equal<ArgsOf<(a: unknown) => void>, [a: unknown]>>()
  holds<Equal<ArgsOf<(a: never) => void>, [a: never]>>()
  holds<Equal<ArgsOf<(a: ReturnType<typeof JSON.parse>) => void>, [a: ReturnType<typeof JSON.parse>]>>()
  holds<Equal<ArgsOf<(...all: number[]) => void>, number[]>>()
}

export async function making(): Promise<void> {
  const disposable: AsyncDisposable = new WorkerPool({})
  void disposable
  await using scoped = new WorkerPool({ nJobs: 2, cpuIds: null })
  is<number>()(await scoped.apply((x: number) => x, [1]))
  is<Promise<void>>()(scoped.stopAndJoin())
  is<Promise<void>>()(scoped.terminate())
  is<WorkerPool>()(scoped.on('close', () => undefined))
  is<number>()(cpuCount())
  is<number[]>()(availableCpus())
  is<boolean>()(isWorker)
  is<Promise<Trace>>()(scoped.trace('trace.json'))
  is<Promise<Trace>>()(scoped.trace(new URL('file:///trace.json')))
  // @ts-expect-error a path or a URL
  void scoped.trace(5)
  const insights: Insights = new WorkerPool({ enableInsights: true }).getInsights()
  is<number>()(insights.workingTime.ratio)
  is<readonly SlowTask[]>()(insights.slowestTasks)
  // @ts-expect-error a boolean
  void new WorkerPool({ enableInsights: 1 })
  // @ts-expect-error an option of a later version
  void new WorkerPool({ dashboard: true })
  // @ts-expect-error misspelt
  void new WorkerPool({ njobs: 2 })
  // @ts-expect-error a number
  void new WorkerPool({ nJobs: '2' })
  // @ts-expect-error an id is a number
  void new WorkerPool({ cpuIds: ['0'] })
  // @ts-expect-error a method of a later version
  void pool.shutdown()
  // @ts-expect-error read-only
  scoped.closed = true
}

export async function iterators(): Promise<void> {
  const lazy = pool.imap(async (x: number) => ({ x }), [1])
  is<IteratorResult<{ x: number }>>()(await lazy.next())
  for await (const { x } of lazy) is<number>()(x)
  for await (const text of pool.imapUnordered(String, [1, 'a'])) is<string>()(text)
  is<number[]>()(await pool.map(Math.sqrt, [1, 4]))
  is<number[]>()(await pool.map(Math.max, [[1, 2]], { spread: true }))
  is<number>()(await pool.apply(Math.max, [1, 2, 3]))
  is<PromiseSettledResult<string>[]>()(await pool.mapSettled(task<(x: number) => string>('node:util', 'format'), [1]))
  is<number[]>()(await pool.map((x: number) => Promise.resolve(Promise.resolve(x)), [1]))
  is<void[]>()(await pool.map(() => undefined as void, [1]))
  // @ts-expect-error the results are objects
  for await (const x of lazy) is<number>()(x)
}

export async function givenNames(): Promise<void> {
  is<number[]>()(await pool.map((x: number) => x + 1, [1], { context: { factor: 3 } }))
  is<number[]>()(await pool.map((a: number, b: number) => a + b, [[1, 2]], { spread: true, context: {} }))
  is<number>()(await pool.apply((x: number) => x + 1, [1], { context: { helper: () => 1 } }))
  // @ts-expect-error names have values
  await pool.apply((x: number) => x + 1, [1], { context: 'factor' })
  // @ts-expect-error of a call only
  void new WorkerPool({ context: { factor: 3 } })
}

export async function limits(error: unknown): Promise<void> {
  const ofPools: WorkerPoolOptions = { maxQueue: 0, idleTimeout: 0, maxWorkerMemory: 1, maxHeap: 2 ** 25 }
  const ofCalls: MapOptions = { taskTimeout: 0.5, killGrace: 0, retries: 1, workerLifespan: 1 }
  is<WorkerPool>()(new WorkerPool({ ...ofPools, taskTimeout: 1, killGrace: 1, retries: 1, workerLifespan: 1 }))
  is<number[]>()(await pool.map((x: number) => x, [1], ofCalls))
  is<ResultIterator<number>>()(pool.imap((x: number) => x, [1], ofCalls))
  is<number>()(await pool.apply((x: number) => x, [1], { taskTimeout: 1, killGrace: 1, retries: 1 }))
  is<boolean>()(await pool.apply((ctx: TaskContext) => ctx.signal.aborted, [], { passContext: true }))
  is<Promise<void>>()(pool.recycle())
  is<Promise<void>>()(pool.resize(2))
  is<Promise<void>>()(pool.resize(2, { cpuIds: [[0], 1] }))
  // @ts-expect-error The number is needed.
  void pool.resize()
  is<Promise<void>>()(pool.warm())
  is<Promise<void>>()(pool.warm((x: number) => x, task('file:///a.js'), new URL('file:///a.js'), Math.max))
  if (error instanceof TaskTimeoutError) {
    is<number>()(error.timeout + error.index + error.pid + error.workerId)
    is<readonly Error[] | undefined>()(error.attempts)
  } else if (error instanceof WorkerDiedError) is<readonly Error[] | undefined>()(error.attempts)
  else if (error instanceof QueueFullError) is<number>()(error.limit)
  // @ts-expect-error an apply is one task
  await pool.apply((x: number) => x, [1], { workerLifespan: 1 })
  // @ts-expect-error of a pool only
  await pool.map((x: number) => x, [1], { maxQueue: 1 })
  // @ts-expect-error of a pool only
  await pool.map((x: number) => x, [1], { idleTimeout: 1 })
  // @ts-expect-error a number of milliseconds
  await pool.apply((x: number) => x, [1], { taskTimeout: '1s' })
  // @ts-expect-error null is for cpuIds only
  void new WorkerPool({ maxHeap: null })
  // @ts-expect-error it is an AbortSignal, not its controller
  await pool.apply((x: number) => x, [1], { signal: new AbortController() })
}

export function errors(error: unknown): void {
  if (error instanceof WorkerDiedError) {
    is<number | null>()(error.exitCode)
    is<string | null>()(error.signal)
    is<number>()(error.pid + error.workerId + error.index)
    is<'ERR_POOL_WORKER_DIED'>()(error.code)
  } else if (error instanceof NotSerializableError) is<string>()(error.path)
  else if (error instanceof TaskFunctionError) is<string | undefined>()(error.variable)
  else if (error instanceof PoolError) is<PoolErrorCode>()(error.code)
  const all: readonly PoolError[] = [new PoolClosedError(), new PoolTerminatedError(), new WorkerStartError('why')]
  const daemonic: Error & { readonly code: PoolErrorCode } = new DaemonicProcessError()
  void [all, daemonic]
  // @ts-expect-error no such code
  const code: PoolErrorCode = 'ERR_POOL_WORKER'
  void code
}

export async function slices(floats: Float64Array, shared: SharedArray<Int32Array>, bytes: Buffer): Promise<void> {
  const cut = { slices: true } as const
  const joined = { slices: true, concatenate: true } as const
  is<number[]>()(await pool.map((slice: Float64Array) => slice.length, floats, cut))
  is<number[]>()(await pool.map((slice) => slice.length, floats, cut))
  is<number[]>()(await pool.map((slice: Int32Array) => slice.length, shared, cut))
  is<IndexedResult<number>[]>()(await pool.map((slice) => slice.length, floats, { ...cut, withIndex: true }))
  is<number[]>()(
    await pool.map((slice: Float64Array, { index }) => slice.length + index, floats, { ...cut, passContext: true })
  )
  is<ResultIterator<string>>()(pool.imap(async (slice: Buffer) => slice.toString(), bytes, cut))
  is<PromiseSettledResult<number>[]>()(await pool.mapSettled((slice: Buffer) => slice.length, bytes, cut))
  is<ResultIterator<SettledItem<number>>>()(pool.imapSettled((slice: Buffer) => slice.length, bytes, cut))
  is<Float64Array>()(await pool.map((slice: Float64Array) => slice, floats, joined))
  is<Int32Array>()(await pool.map((slice: Int32Array) => slice, shared, joined))
  is<Int32Array>()(await pool.map(() => shared, [1], { concatenate: true }))
  is<Buffer>()(await pool.map((slice: Buffer) => slice, bytes, joined))
  is<Float32Array>()(await pool.mapUnordered(async (x: number) => new Float32Array(x), [1], { concatenate: true }))
  is<BigInt64Array>()(
    await pool.map((xs: number[]) => xs.map(() => new BigInt64Array(1)), [1], { batch: 2, concatenate: true })
  )
  is<never>()(await pool.map((x: number) => x, [1], { concatenate: true }))
  is<number[]>()(await pool.map((x: number) => x, floats))
  is<bigint[]>()(await pool.map((x: bigint) => x, new BigInt64Array(1)))
  // @ts-expect-error Elements are no slices.
  await pool.map((x: number) => x, floats, cut)
  // @ts-expect-error An array has no slices.
  await pool.map((xs: number[]) => xs, [1], cut)
  // @ts-expect-error Slices are no batches.
  await pool.map((slice: Float64Array) => slice.length, floats, { ...cut, batch: 2 })
  // @ts-expect-error An iterator joins nothing.
  pool.imap((slice: Float64Array) => slice, floats, joined)
  // @ts-expect-error Outcomes are not joined.
  await pool.mapSettled((slice: Float64Array) => slice, floats, joined)
  // @ts-expect-error A pool has no default for it.
  new WorkerPool({ slices: true }).closed satisfies boolean
}

/** The parameters of functions in the options have types of their own. */
export async function functionsInOptions(): Promise<void> {
  const watched = new WorkerPool({ onProgress: ({ total }) => is<number | undefined>()(total) })
  const lengthOf = (text: string): number => text.length
  const lengths = await watched.map(lengthOf, ['a'], { onProgress: ({ done, rate }) => is<number>()(done + rate) })
  is<number[]>()(lengths)
  const indexed = await watched.mapUnordered(lengthOf, ['a'], {
    withIndex: true,
    onProgress({ failed }) {
      is<number>()(failed)
    }
  })
  is<IndexedResult<number>[]>()(indexed)
  const single = await watched.apply(lengthOf, ['a'], {
    workerInit: (own) => {
      own.state['first'] = own.workerId
    }
  })
  is<number>()(single)
  for await (const each of watched.imap(lengthOf, ['a'], { workerExit: (own) => own.workerId })) is<number>()(each)
  // @ts-expect-error it is told an object
  await watched.map(lengthOf, ['a'], { onProgress: (done: number) => done })
}

export async function contextOfOwn(): Promise<void> {
  const own = new WorkerPool({ sharedObjects: { prices: new Map([['apple', 3]]) } })
  type Shared = { prices: Map<string, number> }
  const price = (fruit: string, { shared: { prices } }: TaskContext<Shared>): number => prices.get(fruit) ?? 0
  is<number[]>()(await own.map(price, ['apple'], { passContext: true }))
  // A function beside `passContext` in the options, with and without parameters, before and behind it.
  is<number[]>()(
    await own.map((x: number, ctx) => x + ctx.shared.prices.size, [1], {
      passContext: true,
      workerInit: ({ state: kept, shared }) => {
        kept['all'] = shared.prices.size
      }
    })
  )
  is<(number | undefined)[]>()(
    await own.mapUnordered((fruit, ctx) => ctx.shared.prices.get(fruit), ['apple'], {
      workerExit: (ctx) => ctx.shared.prices.size,
      onProgress: ({ done }) => void is<number>()(done),
      passContext: true,
      chunkSize: 1
    })
  )
  is<number[]>()(await own.map((x, ctx) => x + ctx.index, [1], { passContext: true, workerInit: () => undefined }))
  is<PromiseSettledResult<number>[]>()(
    await own.mapSettled((x, ctx) => x + ctx.shared.prices.size, [1], {
      passContext: true,
      workerInit: (ctx) => void ctx.state
    })
  )
  is<ResultIterator<IndexedResult<number>>>()(
    own.imapUnordered((x: number, ctx) => x + ctx.shared.prices.size, [1], {
      passContext: true,
      withIndex: true,
      workerInit: (ctx) => void ctx.shared.prices
    })
  )
  is<number[]>()(
    await own.map((a: number, b: string, ctx) => a + b.length + ctx.shared.prices.size, [[1, 'a']], {
      spread: true,
      passContext: true,
      workerInit: (ctx) => void ctx.shared.prices
    })
  )
  is<number[]>()(
    await own.map((xs: number[], ctx) => xs.map((x) => x + ctx.shared.prices.size), [1], {
      batch: 2,
      passContext: true,
      workerExit: (ctx) => ctx.shared.prices.size
    })
  )
  is<number[]>()(
    await own.map((part: Float64Array, ctx) => part.length + ctx.shared.prices.size, new Float64Array(9), {
      slices: true,
      passContext: true,
      onProgress: ({ done }) => void done
    })
  )
  is<number>()(
    await own.apply((x: number, ctx) => x + ctx.shared.prices.size, [1], {
      passContext: true,
      workerInit: (ctx) => void ctx.shared.prices
    })
  )
  is<number>()(
    await own.apply((ctx) => ctx.shared.prices.size, [], { passContext: true, workerExit: (ctx) => ctx.workerId })
  )
  // @ts-expect-error there is no such shared object
  void own.map((x: number, ctx) => x + ctx.shared.weights.size, [1], { passContext: true })
  void own.map((x: number, ctx) => x + ctx.index, [1], {
    passContext: true,
    // @ts-expect-error nor for an init
    workerInit: (ctx) => ctx.shared.weights
  })
  // @ts-expect-error misspelt beside a function
  void own.map((x: number) => x, [1], { workerInit: () => undefined, chunksize: 1 })
  // @ts-expect-error without passContext there is no context, whatever else there is
  void own.map((x: number, ctx: TaskContext) => x + ctx.index, [1], { workerInit: () => undefined })
}
