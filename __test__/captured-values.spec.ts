import test, { type ExecutionContext } from 'ava'
import { TaskFunctionError } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'

type Untyped = (...args: unknown[]) => unknown

interface Row {
  readonly title: string
  readonly fn: Untyped
  readonly context?: Readonly<Record<string, unknown>>
  readonly result: unknown
}

interface Rows {
  readonly values: readonly Row[]
  readonly instances: readonly Row[]
  readonly strangers: readonly (readonly [what: string, value: unknown])[]
  readonly accessor: { readonly fn: Untyped; readonly runs: () => number }
  readonly within: (value: unknown) => readonly (readonly [variable: string, path: string, fn: Untyped])[]
}

const url: string = './fixtures/captured-rows.mjs'
const { values, instances, strangers, accessor, within } = (await import(url)) as Rows

async function runAll(t: ExecutionContext, rows: readonly Row[]): Promise<void> {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const { title, fn, context, result } of rows) {
    await t.notThrowsAsync(async () => t.deepEqual(await pool.apply(fn, [], { context }), result, title), title)
  }
}

test.serial('captured objects, arrays, Maps and Sets hold functions', async (t) => runAll(t, values))

test.serial('captured instances keep their class', async (t) => runAll(t, instances))

test.serial('captured accessors are copied and not run', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.is(await pool.apply(accessor.fn), 1)
  t.is(accessor.runs(), 0)
})

test.serial('a value that cannot be sent is refused by the name of the variable and the path to it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const [what, value] of strangers) {
    for (const [variable, path, fn] of within(value)) {
      const error = await t.throwsAsync(pool.apply(fn), { instanceOf: TaskFunctionError }, `${what} at ${path}`)
      t.is(error.variable, variable, `${what} at ${path}`)
      t.true(error.message.includes(what) && error.message.includes(` at ${path}: `), error.message)
    }
  }
  t.is(pool.stats.submitted, 0)
})

test.serial('the second call sees changes since the first', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const table: Record<string, unknown> = { a: 1 }
  const read = (): unknown => [typeof table['a'], table['b']]
  t.deepEqual(await pool.apply(read), ['number', undefined])
  table['b'] = 2
  t.deepEqual(await pool.apply(read), ['number', 2])
  table['a'] = (): number => 1
  t.deepEqual(await pool.apply(read), ['function', 2])
  table['a'] = 'text'
  t.deepEqual(await pool.apply(read), ['string', 2])
  const handlers = { run: (): string => 'first' }
  const run = (): string => handlers.run()
  t.is(await pool.apply(run), 'first')
  handlers.run = () => 'second'
  t.is(await pool.apply(run), 'second')
})

test.serial('each call has a copy of its own', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const log = { lines: [] as number[], add: (x: number): number => log.lines.push(x) }
  const add = (x: number): number => log.add(x)
  t.deepEqual(await pool.map(add, [1, 1], { chunkSize: 2 }), [1, 2])
  t.deepEqual(await pool.map(add, [1, 1], { chunkSize: 2 }), [1, 2])
  t.deepEqual(log.lines, [])
})
