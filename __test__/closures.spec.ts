import test from 'ava'
import { TaskFunctionError, type WorkerPool } from '../dist/index.js'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'
import { run } from './helpers/run.js'
import { count } from './fixtures/closures-jobs.mjs'

const factor = 3
const scale = (x: number): number => x * 10

testBoth.serial('any function, with what it captures', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  t.deepEqual(await pool.map((x: number) => scale(x) * factor, [1, 2, 3]), [30, 60, 90])
})

testBoth.serial('variables are read once per call, and each call has a copy of its own', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  let n = 0
  const list: number[] = []
  const next = (): number[] => {
    list.push(++n)
    return list
  }
  t.deepEqual(await pool.apply(next), [1])
  t.deepEqual(await pool.apply(next), [1])
  n = 5
  t.deepEqual(await pool.apply(next), [6])
  // Within one call a worker keeps its copy.
  t.deepEqual(await pool.map(() => ++n, [0, 0], { chunkSize: 2 }), [6, 7])
  const reading = pool.apply(() => n)
  n = 7
  t.is(await reading, 5)
  t.deepEqual([list, n], [[], 7])
})

testBoth.serial('an exported function runs by reference: its module has one state per worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.is(await pool.apply(count), 1)
  t.is(await pool.apply(count), 2)
  t.is(await pool.apply(() => count()), 3)
})

testBoth.serial('calls whose function is still being resolved can be aborted, joined and terminated', async (t) => {
  // A module of its own each time, so that what it exports is not known yet.
  const fresh = async (n: number): Promise<() => number> =>
    ((await import(`./fixtures/closures-jobs.mjs?${n}`)) as { count: () => number }).count
  const joined = watchedPool(t, { nJobs: 1 }).pool
  const result = joined.map(await fresh(1), [0, 0])
  await joined.stopAndJoin()
  t.deepEqual(await result, [1, 2])

  const aborted = watchedPool(t, { nJobs: 1 }).pool
  const controller = new AbortController()
  const { signal } = controller
  const dropped = aborted.apply(await fresh(2), [], { signal })
  controller.abort(new RangeError('enough'))
  await t.throwsAsync(dropped, { instanceOf: RangeError, message: 'enough' })
  t.is(await aborted.apply(await fresh(2)), 1)

  const terminated = watchedPool(t, { nJobs: 1 }).pool
  const lost = terminated.map(await fresh(3), [1])
  const ended = t.throwsAsync(lost, { code: 'ERR_POOL_TERMINATED' })
  await terminated.terminate()
  await ended

  const lazy: number[] = []
  const { pool } = watchedPool(t, { nJobs: 1 })
  for await (const value of pool.imap(await fresh(4), [0, 0, 0])) lazy.push(value)
  t.deepEqual(lazy, [1, 2, 3])
})

async function heap(pool: WorkerPool): Promise<number> {
  return await pool.apply(() => {
    ;(globalThis as { gc?: () => void }).gc?.()
    return process.memoryUsage().heapUsed
  })
}

test.serial('captured values are forgotten with their calls, in the workers too', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, execArgv: ['--expose-gc'] })
  let text = ''
  const round = async (n: number): Promise<void> => {
    text = `${n}`.padEnd(100_000)
    t.is(await pool.apply(() => text.length), 100_000)
  }
  for (let n = 0; n < 20; n++) await round(n)
  const before = await heap(pool)
  for (let n = 0; n < 300; n++) await round(n)
  // All of them together would be 30 MB.
  t.true((await heap(pool)) - before < 5_000_000)
})

testBoth.serial('the option context gives values to free names', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const other = Object.assign((x: number): number => x * factor, {})
  t.is(await pool.apply(other, [2], { context: { factor: 100 } }), 200)
  t.deepEqual(await pool.map(other, [1, 2], { context: { factor: 5 } }), [5, 10])
  t.is(await pool.apply(other, [2]), 6)
  const soon = { context: { factor: Promise.resolve(1) } }
  await t.throwsAsync(pool.apply(other, [2], soon), {
    instanceOf: TaskFunctionError,
    message: /'factor', which holds a promise/
  })
  for (const context of [1, null, [], { 'a b': 1 }] as never[]) {
    await t.throwsAsync(pool.apply(other, [2], { context }), { code: 'ERR_POOL_INVALID_OPTION', message: /context/ })
  }
})

testBoth.serial('workers do not run the main program, nor a module that is still evaluating', async (t) => {
  const { code, lines, stderr } = await run(t, 'closures-entry.mjs').end
  t.is(code, 0, stderr)
  t.deepEqual(lines, ['evaluated in the parent: 101', '[[3,6],101]', '[1,2,13]', '[1,2]'])
})

testBoth.serial('without the inspector the error names other ways, and they work', async (t) => {
  const preload = `data:text/javascript,import { Session } from 'node:inspector'; Session.prototype.connect = () => { throw new Error('none') }`
  const { code, lines, stderr } = await run(t, 'closures-given.mjs', [], { execArgv: ['--import', preload] }).end
  t.is(code, 0, stderr)
  t.regex(lines[0] ?? '', /^ERR_POOL_FUNCTION .*no inspector.*task\(url, 'name'\).*context/)
  t.deepEqual(lines.slice(1), ['[15]', '[3]'])
})
