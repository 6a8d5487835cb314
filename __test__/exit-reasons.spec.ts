import { pathToFileURL } from 'node:url'

import test, { type ExecutionContext } from 'ava'

import { tasks, type WorkerExit, type WorkerExitReason, type WorkerPoolOptions } from '../dist/index.js'
import { ABORTED, KILLED, KILLED_BY_POOL } from './helpers/deaths.js'
import { type Watched, watchedPool } from './helpers/pools.js'
import { scratch } from './helpers/scratch.js'
import { until } from './helpers/processes.js'

const MEBIBYTE = 2 ** 20
const pidOf = (): number => process.pid
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const spin = (): never => { for (;;); } // prettier-ignore
const hold = (mebibytes: number): number => {
  const kept = (globalThis as { kept?: Buffer[] }).kept ??= [] // prettier-ignore
  for (let n = 0; n < mebibytes; n++) kept.push(Buffer.alloc(2 ** 20, n))
  return process.pid
}

/** The pool after `act`, once so many workers have ended. */
async function exitsOf(
  t: ExecutionContext,
  count: number,
  options: WorkerPoolOptions,
  act: (watched: Watched) => Promise<unknown>
): Promise<readonly WorkerExit[]> {
  const watched = watchedPool(t, { nJobs: 1, ...options })
  await act(watched)
  const { exits } = watched
  await until(
    () => exits.length >= count,
    () => `${exits.length} workers have ended`
  )
  return exits
}

function check(
  t: ExecutionContext,
  exit: WorkerExit | undefined,
  reason: WorkerExitReason,
  how: Partial<WorkerExit>
): void {
  t.like(exit, { reason, ...how })
  t.true((exit?.rss ?? 0) > 20 * MEBIBYTE && (exit?.rss ?? 0) < 2 ** 34, `${exit?.rss} bytes`)
}

const LEFT = { exitCode: 0, signal: null }

test('died: a task ended its process, or an error that nobody handled', async (t) => {
  const [exited] = await exitsOf(t, 1, {}, ({ pool }) => t.throwsAsync(pool.apply(() => process.exit(3))))
  check(t, exited, 'died', { exitCode: 3, signal: null })
  const [left] = await exitsOf(t, 1, {}, ({ pool }) => t.throwsAsync(pool.apply(() => process.exit(0))))
  check(t, left, 'died', LEFT)
  const [aborted] = await exitsOf(t, 1, {}, ({ pool }) => t.throwsAsync(pool.apply(() => process.abort())))
  check(t, aborted, 'died', ABORTED)
  const stray = (): Promise<never> => new Promise(() => setTimeout(() => { throw new Error('stray') })) // prettier-ignore
  const [thrown] = await exitsOf(t, 1, {}, ({ pool }) => t.throwsAsync(pool.apply(stray)))
  check(t, thrown, 'died', { exitCode: 1, signal: null })
})

test('died: a signal came from outside; the last memory is that after its task', async (t) => {
  for (const [signal, how] of [
    ['SIGKILL', KILLED],
    // Windows has none that a process could take.
    ['SIGTERM', process.platform === 'win32' ? KILLED : LEFT]
  ] as const) {
    // prettier-ignore
    const [exit] = await exitsOf(t, 1, {}, async ({ pool }) => {
      const pid = await pool.apply(hold, [150])
      await sleep(150)
      await pool.apply(pidOf)
      await until(
        () => (pool.workers[0]?.rss ?? 0) > 150 * MEBIBYTE,
        () => `the worker has noted ${pool.workers[0]?.rss} bytes`
      )
      process.kill(pid, signal)
    })
    check(t, exit, 'died', how)
    t.true((exit?.rss ?? 0) > 150 * MEBIBYTE, `${exit?.rss} bytes`)
  }
})

test('lifespan: it had run its tasks', async (t) => {
  const exits = await exitsOf(t, 2, { workerLifespan: 2 }, ({ pool }) => pool.map(pidOf, [1, 2, 3, 4, 5]))
  for (const exit of exits) check(t, exit, 'lifespan', LEFT)
  const [older] = await exitsOf(t, 1, {}, async ({ pool }) => {
    await pool.map(pidOf, [1, 2, 3])
    await pool.map(pidOf, [1], { workerLifespan: 2 })
  })
  check(t, older, 'lifespan', LEFT)
})

test('memory: it used more than it may', async (t) => {
  const maxWorkerMemory = 150 * MEBIBYTE
  const [exit] = await exitsOf(t, 1, { maxWorkerMemory }, ({ pool }) => pool.apply(hold, [160]))
  check(t, exit, 'memory', LEFT)
  t.true((exit?.rss ?? 0) > maxWorkerMemory)
})

test('idle: it had nothing to do', async (t) => {
  const [exit] = await exitsOf(t, 1, { idleTimeout: 30 }, ({ pool }) => pool.apply(pidOf))
  check(t, exit, 'idle', LEFT)
})

test('recycle: it was replaced, idle or busy', async (t) => {
  const exits = await exitsOf(t, 2, {}, async ({ pool }) => {
    await pool.apply(pidOf)
    await pool.recycle()
    // A worker that has run nothing yet stays.
    await pool.apply(pidOf)
    const busy = pool.map(sleep, [1, 100])
    await until(
      () => pool.workers[0]?.state === 'busy',
      () => 'no task runs'
    )
    await Promise.all([busy, pool.recycle()])
  })
  for (const exit of exits) check(t, exit, 'recycle', LEFT)
})

test('a worker that is to be replaced and dies first has died', async (t) => {
  const exits = await exitsOf(t, 1, {}, async ({ pool }) => {
    const dying = t.throwsAsync(pool.apply(() => new Promise(() => setTimeout(() => process.exit(4), 200))))
    await until(
      () => pool.workers[0]?.state === 'busy',
      () => 'no task runs'
    )
    await Promise.all([dying, pool.recycle()])
  })
  // If the worker had not begun the task yet, it was recycled, and another one died.
  const exit = exits.find(({ reason }) => reason !== 'recycle')
  check(t, exit, 'died', { exitCode: 4, signal: null })
})

test('timeout: a task, a load or a start was late', async (t) => {
  const holdAndSpin = (): never => {
    const kept: Buffer[] = []
    for (let n = 0; n < 150; n++) kept.push(Buffer.alloc(2 ** 20, n))
    for (;;) if (kept.length === 0) throw new Error('nothing')
  }
  const [late] = await exitsOf(t, 1, {}, ({ pool }) =>
    t.throwsAsync(pool.apply(holdAndSpin, [], { taskTimeout: 8_000 }))
  )
  check(t, late, 'timeout', KILLED_BY_POOL)
  t.true((late?.rss ?? 0) > 150 * MEBIBYTE, `${late?.rss} bytes`)
  const hangs = 'await new Promise(() => setTimeout(() => {}, 1e6)); export default () => 1'
  const directory = scratch(t, { 'hangs.mjs': hangs, 'preload.mjs': hangs })
  const jobs = tasks(pathToFileURL(`${directory}/hangs.mjs`))
  const [loading] = await exitsOf(t, 1, { workerStartTimeout: 5_000 }, ({ pool }) =>
    t.throwsAsync(pool.apply(jobs['default'] as () => void), { code: 'ERR_POOL_FUNCTION' })
  )
  check(t, loading, 'timeout', KILLED_BY_POOL)
  const stuck = { workerStartTimeout: 2_500, execArgv: ['--import', pathToFileURL(`${directory}/preload.mjs`).href] }
  const [starting] = await exitsOf(t, 1, stuck, ({ pool }) => t.throwsAsync(pool.apply(pidOf)))
  check(t, starting, 'timeout', KILLED_BY_POOL)
})

test('abort: it went on with a task that nobody wanted', async (t) => {
  for (const killGrace of [0, 50]) {
    const [exit] = await exitsOf(t, 1, {}, async ({ pool }) => {
      const controller = new AbortController()
      const spinning = t.throwsAsync(pool.map(spin, [1], { signal: controller.signal, killGrace }))
      await until(
        () => pool.workers[0]?.state === 'busy',
        () => 'no task runs'
      )
      await sleep(50)
      controller.abort(new Error('enough'))
      await spinning
    })
    check(t, exit, 'abort', KILLED_BY_POOL)
  }
  const [returned] = await exitsOf(t, 1, {}, async ({ pool }) => {
    const results = pool.imap((x: number) => { for (;;) if (x !== 2) return x }, [1, 2], { chunkSize: 1 }) // prettier-ignore
    await results.next()
    void results.next().catch(() => undefined)
    await sleep(50)
    await results.return?.()
  })
  check(t, returned, 'abort', KILLED_BY_POOL)
})

test('closed: the pool has ended, whatever its workers did', async (t) => {
  const [joined] = await exitsOf(t, 1, {}, async ({ pool }) => {
    await pool.apply(pidOf)
    await pool.stopAndJoin()
  })
  check(t, joined, 'closed', LEFT)
  const ended = await exitsOf(t, 2, { nJobs: 2 }, async ({ pool }) => {
    const open = t.throwsAsync(pool.map(spin, [1]), { code: 'ERR_POOL_TERMINATED' })
    await pool.apply(pidOf)
    await until(
      () => pool.workers.length === 2,
      () => 'no second worker'
    )
    await Promise.all([open, pool.terminate()])
  })
  t.deepEqual(ended.map(({ reason, signal }) => [reason, signal]), [['closed', 'SIGKILL'], ['closed', 'SIGKILL']]) // prettier-ignore
  const [starting] = await exitsOf(t, 1, {}, async ({ pool }) => {
    const open = t.throwsAsync(pool.apply(pidOf), { code: 'ERR_POOL_TERMINATED' })
    await until(
      () => pool.workers.length === 1,
      () => 'no worker'
    )
    await Promise.all([open, pool.terminate()])
  })
  t.like(starting, { reason: 'closed', signal: 'SIGKILL' })
})

test('the worker of the event has the same memory', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const told = new Promise<readonly number[]>((resolve) => {
    pool.on('workerExit', ({ rss, tasksDone }, exit) => resolve([rss - exit.rss, tasksDone]))
  })
  await pool.map(pidOf, [1, 2, 3])
  await pool.stopAndJoin()
  t.deepEqual(await told, [0, 3])
})
