import test from 'ava'

import { PoolClosedError, PoolError, PoolTerminatedError, tasks, WorkerPool } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-map.mjs'
import { KILLED } from './helpers/deaths.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { gone, until } from './helpers/processes.js'
import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-map.mjs', import.meta.url))

const CLOSED = { instanceOf: PoolClosedError, code: 'ERR_POOL_CLOSED' }
const TERMINATED = { instanceOf: PoolTerminatedError, code: 'ERR_POOL_TERMINATED' }
const DONE = { done: true, value: undefined } as const
const double = (x: number): number => x * 2
const hundredMegabytes = (): Buffer => Buffer.alloc(100 * 2 ** 20, 7)

function* endless(): Generator<number> {
  for (let i = 0; ; i++) yield i
}

test('stopAndJoin finishes all that was accepted, then the workers leave by themselves', async (t) => {
  const { pool, exits, started } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  const slow = Array.from({ length: 6 }, (_, value) => ({ leave: gates.path('go'), value }))
  const results = [
    pool.map(jobs.pass, slow, { chunkSize: 1, maxTasksActive: 2 }),
    pool.apply(jobs.pass, [{ leave: gates.path('go'), value: 9 }]),
    pool.mapSettled(double, [1])
  ]
  const joined = pool.stopAndJoin()
  t.true(pool.closed)
  let isJoined = false
  void joined.then(() => (isJoined = true))
  gates.open('go')
  await within(joined, 'stopAndJoin does not end')
  t.true(isJoined)
  t.deepEqual(await Promise.all(results), [[0, 1, 2, 3, 4, 5], 9, [{ status: 'fulfilled', value: 2 }]])
  t.deepEqual(pool.workers, [])
  await gone(started.map((worker) => worker.pid))
  t.true(exits.every((exit) => exit.exitCode === 0 && exit.signal === null))
  t.is(exits.length, started.length)
})

test('a pool that was never used joins and terminates at once', async (t) => {
  for (const end of ['stopAndJoin', 'terminate'] as const) {
    const pool = new WorkerPool({ nJobs: 2 })
    let closes = 0
    pool.on('close', () => closes++)
    t.false(pool.closed)
    await within(pool[end](), end)
    t.true(pool.closed)
    await pool.stopAndJoin()
    await pool.terminate()
    t.is(closes, 1)
  }
})

test('stopAndJoin needs no drained iterator: it stops pulling, the input returns, results stay readable, then CLOSED', async (t) => {
  for (const method of ['imap', 'imapUnordered'] as const) {
    const { pool } = watchedPool(t, { nJobs: 2 })
    let pulled = 0
    let returns = 0
    const input = function* (): Generator<number> {
      try {
        for (; ; pulled++) yield pulled
      } finally {
        returns++
      }
    }
    const results = pool[method](double, input(), { maxTasksActive: 10, chunkSize: 1 })
    const idle = pool[method](double, endless())
    t.false((await results.next()).done)
    const before = pulled
    await within(pool.stopAndJoin(), 'stopAndJoin waits for a consumer')
    t.is(returns, 1)
    t.is(pulled, before)
    const rest: number[] = []
    const error = await t.throwsAsync(async () => {
      for await (const result of results) rest.push(result)
    }, CLOSED)
    t.true(error instanceof PoolError)
    // What is suspended in a yield was pulled: all but the first one were still to be read.
    t.is(rest.length, before)
    t.deepEqual(await results.next(), DONE)
    await t.throwsAsync(idle.next(), CLOSED)
    t.deepEqual(await idle.next(), DONE)
  }
})

test('an iterator whose input had ended reads to its end after stopAndJoin', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const results = pool.imap(double, [1, 2, 3])
  t.deepEqual(await results.next(), { done: false, value: 2 })
  await pool.stopAndJoin()
  t.deepEqual(await results.next(), { done: false, value: 4 })
  t.deepEqual(await results.next(), { done: false, value: 6 })
  t.deepEqual(await results.next(), DONE)
})

test('stopAndJoin does not wait for an asynchronous input that never answers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const input = async function* (): AsyncGenerator<number> {
    yield 1
    await new Promise(() => undefined)
  }
  const results = pool.imap(double, input())
  t.deepEqual(await within(results.next(), 'the first item waits for the second'), { done: false, value: 2 })
  const second = results.next()
  await within(pool.stopAndJoin(), 'stopAndJoin waits for the input')
  await t.throwsAsync(second, CLOSED)
})

test('the process lives until the pool has ended, whatever is called meanwhile', async (t) => {
  const { code, lines, stderr } = await run(t, 'step-while-closing.mjs').end
  t.deepEqual({ code, lines, stderr }, { code: 0, lines: ['ERR_POOL_CLOSED', 'joined'], stderr: '' })
})

test('a second stopAndJoin waits for the same end', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const result = pool.apply(jobs.pass, [{ enter: gates.path('in'), leave: gates.path('out'), value: 1 }])
  await gates.passed('in')
  const ends: string[] = []
  const first = pool.stopAndJoin().then(() => ends.push('first'))
  const second = pool.stopAndJoin({ timeout: 1e9 }).then(() => ends.push('second'))
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(ends, [])
  gates.open('out')
  t.is(await result, 1)
  await within(Promise.all([first, second]), 'a stopAndJoin stays open')
  await pool.stopAndJoin()
})

test('after its timeout stopAndJoin terminates: open work is rejected, the promise is fulfilled', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const spinning = pool.apply(jobs.spin, [gates.path('in')])
  const queued = pool.apply(double, [1])
  const rejected = Promise.all([t.throwsAsync(spinning, TERMINATED), t.throwsAsync(queued, TERMINATED)])
  await gates.passed('in')
  await within(pool.stopAndJoin({ timeout: 20 }), 'the timeout has no effect')
  await rejected
  t.like(exits, [{ signal: 'SIGKILL' }])
})

test('every call after closing fails with CLOSED', async (t) => {
  for (const end of ['stopAndJoin', 'terminate'] as const) {
    const { pool } = watchedPool(t, { nJobs: 1 })
    await pool.apply(double, [1])
    const ended = pool[end]()
    for (let round = 0; round < 2; round++) {
      t.true(pool.closed)
      await t.throwsAsync(pool.apply(double, [1]), CLOSED)
      await t.throwsAsync(pool.map(double, [1]), CLOSED)
      await t.throwsAsync(pool.mapUnordered(double, [1]), CLOSED)
      await t.throwsAsync(pool.mapSettled(double, [1]), CLOSED)
      t.throws(() => pool.imap(double, [1]), CLOSED)
      t.throws(() => pool.imapUnordered(double, [1]), CLOSED)
      await ended
    }
  }
})

test('terminate rejects all open work, whatever the workers do', async (t) => {
  const { pool, started, exits } = watchedPool(t, { nJobs: 3 })
  const gates = new Gates(t)
  let returns = 0
  const items = function* (): Generator<number> {
    try {
      yield* endless()
    } finally {
      returns++
      // oxlint-disable-next-line no-unsafe-finally -- an input that throws when it is ended
      throw new Error('in return()')
    }
  }
  const open = [
    pool.apply(jobs.spin, [gates.path('in')]),
    pool.apply(hundredMegabytes),
    pool.map(hundredMegabytes, [1, 2, 3]),
    // Results that nobody reads fill the ring.
    pool.mapUnordered(() => Buffer.alloc(1_000_000), endless(), { chunkSize: 1 }),
    pool.mapSettled(double, items()),
    pool.map(double, [Buffer.alloc(50 * 2 ** 20)] as never)
  ]
  const iterator = pool.imap(double, items())
  const step = iterator.next()
  const settled = Promise.allSettled([...open, step])
  await gates.passed('in')
  await within(pool.terminate(), 'terminate does not end')
  const results = await settled
  t.true(results[0]?.status === 'rejected')
  for (const result of results) {
    if (result.status === 'rejected')
      t.like(result.reason, { code: 'ERR_POOL_TERMINATED', name: 'PoolTerminatedError' })
  }
  t.is(returns, 2)
  await gone(started.map((worker) => worker.pid))
  t.true(exits.every((exit) => exit.signal === 'SIGKILL'))
  t.is(pool.stats.running + pool.stats.queued, 0)
  await pool.terminate()
})

test('terminate ends a stopAndJoin that is under way', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const spinning = t.throwsAsync(pool.apply(jobs.spin, [gates.path('in')]), TERMINATED)
  await gates.passed('in')
  const joined = pool.stopAndJoin()
  await within(Promise.all([pool.terminate(), joined]), 'stopAndJoin stays open')
  await spinning
})

test('terminate comes before the first worker is ready', async (t) => {
  for (let round = 0; round < 5; round++) {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const result = t.throwsAsync(pool.map(double, endless()), TERMINATED)
    for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve))
    await within(pool.terminate(), 'terminate does not end')
    await result
    t.deepEqual(pool.workers, [])
  }
})

test('terminate from within the input of a map', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  let ended: Promise<void> | undefined
  const input = function* (): Generator<number> {
    yield 1
    ended = pool.terminate()
    yield 2
  }
  await t.throwsAsync(pool.map(double, input()), TERMINATED)
  await within(ended ?? Promise.reject(new Error('not reached')), 'terminate does not end')
})

test('disposal joins if nothing is pending', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  await pool.map(double, [1, 2, 3])
  await within(pool[Symbol.asyncDispose](), 'disposal does not end')
  t.true(pool.closed)
  t.true(exits.length > 0 && exits.every((exit) => exit.exitCode === 0))
  await pool[Symbol.asyncDispose]()
})

test('disposal terminates if a promise or an iterator is open', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const spinning = t.throwsAsync(pool.apply(jobs.spin, [gates.path('in')]), TERMINATED)
  await gates.passed('in')
  await within(pool[Symbol.asyncDispose](), 'disposal does not end')
  await spinning
  t.like(exits, [{ signal: 'SIGKILL' }])

  const other = watchedPool(t, { nJobs: 1 })
  const results = other.pool.imap(double, endless())
  await results.next()
  await within(other.pool[Symbol.asyncDispose](), 'disposal waits for an iterator')
  await t.throwsAsync(results.next(), TERMINATED)
  t.deepEqual(await results.next(), DONE)
})

test('at the end of an `await using` scope an apply that was not awaited is rejected', async (t) => {
  const gates = new Gates(t)
  const pids: number[] = []
  let notAwaited: Promise<unknown> | undefined
  {
    await using pool = new WorkerPool({ nJobs: 1, execArgv: [] })
    pool.on('workerStart', (worker) => pids.push(worker.pid))
    t.is(await pool.apply(double, [4]), 8)
    notAwaited = t.throwsAsync(pool.apply(jobs.spin, [gates.path('in')]), TERMINATED)
    await gates.passed('in')
  }
  await within(notAwaited, 'the apply stays open')
  await gone(pids)
})

test('events report every worker and the end', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  const events: string[] = []
  const starts: number[] = []
  t.is(
    pool.on('workerStart', (worker) => {
      events.push(`start ${worker.id}`)
      starts.push(worker.pid)
    }),
    pool
  )
  pool.on('workerExit', (worker, exit) => events.push(`exit ${worker.id} ${exit.exitCode} ${exit.signal}`))
  pool.on('close', () => events.push('close'))
  const both = Array.from({ length: 2 }, (_, i) => ({ enter: gates.path(`${i}`), leave: gates.path('go'), value: i }))
  const result = pool.map(jobs.pass, both, { chunkSize: 1 })
  await Promise.all([gates.passed('0'), gates.passed('1')])
  gates.open('go')
  await result
  t.deepEqual(
    pool.workers.map((worker) => [worker.id, worker.pid]).toSorted(),
    pool.workers.map((worker) => [worker.id, starts[events.indexOf(`start ${worker.id}`)]])
  )
  process.kill(pool.workers[0]?.pid ?? 0, 'SIGKILL')
  const killed = `exit 0 ${KILLED.exitCode} ${KILLED.signal}`
  await until(
    () => events.includes(killed),
    () => events.join(', ')
  )
  await pool.stopAndJoin()
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(events.slice(0, 2).toSorted(), ['start 0', 'start 1'])
  t.deepEqual(events.slice(2), [killed, 'exit 1 0 null', 'close'])
  t.throws(() => pool.on('close', 5 as never), { instanceOf: TypeError })
})

test('a worker that dies before its start was reported still gets both events', async (t) => {
  const { pool, started, exits } = watchedPool(t, { nJobs: 1 })
  const dying = pool.apply(() => process.exit(3))
  const next = pool.apply(double, [2])
  // Nothing of it reaches this thread before the replacement has run the next task.
  const word = new Int32Array(new SharedArrayBuffer(4))
  while (pool.stats.completed < 1) Atomics.wait(word, 0, 0, 5)
  await t.throwsAsync(dying, { code: 'ERR_POOL_WORKER_DIED' })
  t.is(await next, 4)
  t.is(started.length, 2)
  t.deepEqual(
    exits.map(({ pid, exitCode }) => [pid, exitCode]),
    [[started[0]?.pid, 3]]
  )
  t.not(started[0]?.pid, started[1]?.pid)
})
