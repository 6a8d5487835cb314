import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import test from 'ava'

import { tasks, type WorkerInfo, type WorkerPool } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { gone } from './helpers/processes.js'
import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

const here = new URL('./fixtures/jobs-uncaught.mjs', import.meta.url)
const jobs = tasks<typeof import('./fixtures/jobs-uncaught.mjs')>(here)

type ErrorEvent = readonly [error: Error & Record<string, unknown>, worker: WorkerInfo]

function nextError(pool: WorkerPool): Promise<ErrorEvent> {
  const event = new Promise<ErrorEvent>((resolve) => {
    pool.on('error', (...args) => resolve(args as unknown as ErrorEvent))
  })
  return within(event, 'the pool has told of an error')
}

for (const how of ['during', 'rejectDuring'] as const) {
  test(`an unhandled error rejects the running task with that error (${how})`, async (t) => {
    const { pool, exits } = watchedPool(t, { nJobs: 1 })
    pool.on('error', (error) => t.fail(String(error)))
    const first = await pool.apply(jobs.pid)
    const error = (await t.throwsAsync(within(pool.apply(jobs[how], ['class']), how), {
      instanceOf: RangeError
    })) as RangeError & Record<string, unknown>
    t.deepEqual(
      [error.name, error.message, error['limit'], typeof error['socket']],
      ['StrayError', 'stray', 5, 'string']
    )
    t.regex(error.stack ?? '', /jobs-uncaught\.mjs:[^]*uncaught\.spec/, 'the worker first, then the line that called')
    t.not(await pool.apply(jobs.pid), first)
    t.like(exits, [{ id: 0, pid: first, exitCode: 1, signal: null, reason: 'died' }])
    t.is(exits.length, 1)
    const { completed, failed, submitted } = pool.stats
    t.deepEqual([submitted, completed, failed], [3, 2, 1])
  })
}

test('the other tasks of a chunk keep their results or run elsewhere', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const items = [0, 1, 2, 3, 4, 5].map((n) => ({ n, strike: n === 2, kind: 'error' }))
  for (const chunkSize of [1, 2, 6]) {
    const settled = await within(pool.mapSettled(jobs.within, items, { chunkSize }), `chunks of ${chunkSize}`)
    t.deepEqual(
      settled.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).message)),
      [0, 1, 'stray', 3, 4, 5]
    )
    await t.throwsAsync(within(pool.map(jobs.within, items, { chunkSize }), 'map'), { message: 'stray' })
    const yielded: unknown[] = []
    await t.throwsAsync(
      async () => {
        for await (const value of pool.imap(jobs.within, items, { chunkSize })) yielded.push(value)
      },
      { message: 'stray' }
    )
    t.deepEqual(yielded, [0, 1])
  }
})

test('waiting calls are not affected by such an error', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const struck = pool.apply(jobs.during, ['error'])
  const waiting = [pool.apply(jobs.pid), pool.map(jobs.within, [{ n: 7 } as never]), pool.apply(jobs.pid)]
  await t.throwsAsync(within(struck, 'the task was struck'), { message: 'stray' })
  const [one, mapped, two] = await within(Promise.all(waiting), 'those behind it have run')
  t.deepEqual(mapped, [7])
  t.is(one, two)
})

for (const how of ['later', 'rejectLater'] as const) {
  test(`if no task runs the pool emits the error and replaces the worker (${how})`, async (t) => {
    const { pool, exits } = watchedPool(t, { nJobs: 1 })
    const told = nextError(pool)
    const first = await pool.apply(jobs[how], ['class'])
    const [error, worker] = await told
    t.deepEqual([error.name, error.message, error['limit']], ['StrayError', 'stray', 5])
    t.true(error instanceof RangeError)
    t.like(worker, { id: 0, pid: first, state: 'leaving' })
    t.not(await pool.apply(jobs.pid), first)
    t.like(exits, [{ id: 0, pid: first, exitCode: 1, signal: null, reason: 'died' }])
    t.is(exits.length, 1)
  })
}

test('a thrown value that is no error is the cause of one', async (t) => {
  for (const [kind, cause] of [
    ['text', 'just a text'],
    ['undefined', undefined]
  ] as const) {
    // prettier-ignore
    const { pool } = watchedPool(t, { nJobs: 1 })
    const told = nextError(pool)
    const pid = await pool.apply(jobs.later, [kind])
    const [error] = await told
    t.true(error instanceof Error && Object.hasOwn(error, 'cause'))
    t.is(error.cause, cause)
    t.true(error.message.startsWith(`an unhandled error outside any task ended worker 0 (pid ${pid}): `))
  }
})

test('without a listener it is only a process warning', async (t) => {
  const script = run(t, 'uncaught-parent.mjs')
  const { code, lines, stderr } = await script.end
  t.deepEqual([code, lines], [0, ['went on']])
  t.regex(
    stderr,
    /\[MILLRACE_WORKER_ERROR\] MillraceWarning: an unhandled error outside any task ended worker 0 \(pid \d+\): Error: stray/
  )
})

test('a handler that the task has set wins', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  pool.on('error', (error) => t.fail(String(error)))
  t.deepEqual(await within(pool.apply(jobs.handled), 'the handler was called'), ['for the handler'])
  await pool.stopAndJoin()
  t.deepEqual(
    exits.map(({ exitCode }) => exitCode),
    [0]
  )
})

test('the --unhandled-rejections option of node is respected', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, execArgv: ['--unhandled-rejections=warn'] })
  pool.on('error', (error) => t.fail(String(error)))
  t.is(await pool.apply(jobs.warned), 'went on')
  t.deepEqual(exits, [])
})

test('a worker that does not end by itself after such an error is killed', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const [first] = await Promise.all([pool.apply(jobs.pid), pool.apply(jobs.pid)])
  await t.throwsAsync(within(pool.apply(jobs.stuck), 'the task has failed'), { message: 'stray' })
  t.not(await within(pool.apply(jobs.pid), 'there is another worker'), first)
  await gone([first])
  t.like(exits, [{ id: 0, pid: first, exitCode: null, signal: 'SIGKILL' }])
  t.is(exits.length, 1)
})

test('output that a worker writes while it dies of such an error arrives complete', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, stdio: 'pipe' })
  pool.on('error', (error) => t.fail(String(error)))
  const { stdout } = pool
  if (stdout === null) throw new Error('there is no stream')
  const read = text(stdout)
  await t.throwsAsync(within(pool.apply(jobs.talkative, [3_000]), 'the task has failed'), { message: 'stray' })
  t.is(await pool.apply((x: number) => x, [1]), 1)
  await pool.stopAndJoin()
  const lines = Array.from({ length: 3_000 }, (_, line) => `line ${line}`)
  t.deepEqual((await within(read, 'the stream has ended')).split('\n'), [...lines, 'last words', ''])
  t.is(exits.length, 2)
})

test('an event that does not exist is refused', (t) => {
  const { pool } = watchedPool(t)
  const on = pool.on.bind(pool) as (event: unknown, listener: () => void) => unknown
  for (const [event, errorClass] of [
    ['workerstart', RangeError],
    ['', RangeError],
    [Symbol('close'), TypeError],
    [undefined, TypeError]
  ] as const) {
    // prettier-ignore
    t.throws(() => on(event, () => undefined), {
      instanceOf: errorClass,
      code: 'ERR_POOL_INVALID_OPTION',
      message: /^event must be 'workerStart', 'workerExit', 'error' or 'close', got /
    })
  }
})

test('a worker that never became ready has an exit and no start', async (t) => {
  const preload = fileURLToPath(new URL('./fixtures/preload-throws.cjs', import.meta.url))
  const { pool, exits, started } = watchedPool(t, { nJobs: 1, execArgv: ['--require', preload] })
  await t.throwsAsync(pool.apply(jobs.pid), { code: 'ERR_POOL_WORKER_START' })
  t.deepEqual([started.length, exits.map(({ exitCode }) => exitCode)], [0, [1, 1, 1]])
})

test('workers that end by such an error before they run anything fail the waiting work', async (t) => {
  const preload = fileURLToPath(new URL('./fixtures/preload-spins-then-throws.cjs', import.meta.url))
  const { pool, exits } = watchedPool(t, { nJobs: 1, execArgv: ['--require', preload] })
  pool.on('error', () => undefined)
  const error = await t.throwsAsync(within(pool.apply(jobs.pid), 'the task has failed'), {
    code: 'ERR_POOL_WORKER_DIED'
  })
  t.like(error, { exitCode: 1, index: 0 })
  t.regex(error?.message ?? '', /exited with code 1 before it began task 0/)
  t.deepEqual(exits.map(({ exitCode }) => exitCode), [1, 1]) // prettier-ignore
})
