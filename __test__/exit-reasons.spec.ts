import { pathToFileURL } from 'node:url'

import test, { type ExecutionContext } from 'ava'

import { tasks, type WorkerExit, type WorkerExitReason, type WorkerPoolOptions } from '../dist/index.js'
import { ABORTED, KILLED, KILLED_BY_POOL } from './helpers/deaths.js'
import { Gates } from './helpers/gates.js'
import { longEnough } from './helpers/limits.js'
import { terminated, type Watched, watchedPool } from './helpers/pools.js'
import { scratch } from './helpers/scratch.js'
import { until } from './helpers/processes.js'

const MEBIBYTE = 2 ** 20
const pidOf = (): number => process.pid
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Says that it runs, and goes on until `leave` is there. */
const wait = async (enter: string, leave: string): Promise<void> => {
  const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs')
  writeFileSync(enter, '')
  while (!existsSync(leave)) await new Promise((resolve) => setTimeout(resolve, 2))
}
/** Says that it runs, and goes on. */
const spin = (enter: string): never => {
  process.getBuiltinModule('node:fs').writeFileSync(enter, '')
  for (;;);
}
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
      // A worker notes its memory after a task, but not after each.
      for (let round = 0; round < 1_000 && (pool.workers[0]?.rss ?? 0) <= 150 * MEBIBYTE; round++) {
        await sleep(20)
        await pool.apply(pidOf)
      }
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
    const gates = new Gates(t)
    const busy = pool.apply(wait, [gates.path('in'), gates.path('out')])
    await gates.passed('in')
    const recycled = pool.recycle()
    gates.open('out')
    await Promise.all([busy, recycled])
  })
  for (const exit of exits) check(t, exit, 'recycle', LEFT)
})

test('a worker that is to be replaced and dies first has died', async (t) => {
  const exits = await exitsOf(t, 1, {}, async ({ pool }) => {
    const gates = new Gates(t)
    const die = async (enter: string, leave: string): Promise<never> => {
      const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs')
      writeFileSync(enter, '')
      while (!existsSync(leave)) await new Promise((resolve) => setTimeout(resolve, 2))
      process.exit(4)
    }
    const dying = t.throwsAsync(pool.apply(die, [gates.path('in'), gates.path('out')]))
    await gates.passed('in')
    const recycled = pool.recycle()
    gates.open('out')
    await Promise.all([dying, recycled])
  })
  check(t, exits[0], 'died', { exitCode: 4, signal: null })
})

test('timeout: a task, a load or a start was late', async (t) => {
  const holdAndSpin = (): never => {
    const kept: Buffer[] = []
    for (let n = 0; n < 150; n++) kept.push(Buffer.alloc(2 ** 20, n))
    for (;;) if (kept.length === 0) throw new Error('nothing')
  }
  const late = await longEnough(
    [1_500, 10_000, 60_000],
    async (taskTimeout) => {
      const [exit] = await exitsOf(t, 1, {}, ({ pool }) => t.throwsAsync(pool.apply(holdAndSpin, [], { taskTimeout })))
      return exit
    },
    (exit) => (exit?.rss ?? 0) > 150 * MEBIBYTE
  )
  check(t, late, 'timeout', KILLED_BY_POOL)
  t.true((late?.rss ?? 0) > 150 * MEBIBYTE, `${late?.rss} bytes`)
  const hangs = 'await new Promise(() => setTimeout(() => {}, 1e6)); export default () => 1'
  const directory = scratch(t, { 'hangs.mjs': hangs, 'preload.mjs': hangs })
  const jobs = tasks(pathToFileURL(`${directory}/hangs.mjs`))
  // The bound is also that of the start, which comes before.
  const loading = await longEnough(
    [3_000, 30_000],
    async (workerStartTimeout) => {
      let code: unknown
      const [exit] = await exitsOf(t, 1, { workerStartTimeout }, async ({ pool }) => {
        const error = await t.throwsAsync<NodeJS.ErrnoException>(pool.apply(jobs['default'] as () => void))
        code = error?.code
      })
      return { exit, code }
    },
    ({ code }) => code === 'ERR_POOL_FUNCTION'
  )
  t.is(loading.code, 'ERR_POOL_FUNCTION')
  check(t, loading.exit, 'timeout', KILLED_BY_POOL)
  const execArgv = ['--import', pathToFileURL(`${directory}/preload.mjs`).href]
  // Long enough for node itself to have its memory.
  const starting = await longEnough(
    [800, 8_000],
    async (workerStartTimeout) => {
      const options = { workerStartTimeout, execArgv }
      const [exit] = await exitsOf(t, 1, options, ({ pool }) => t.throwsAsync(pool.apply(pidOf)))
      return exit
    },
    (exit) => (exit?.rss ?? 0) > 20 * MEBIBYTE
  )
  check(t, starting, 'timeout', KILLED_BY_POOL)
})

test('abort: it went on with a task that nobody wanted', async (t) => {
  for (const killGrace of [0, 50]) {
    const [exit] = await exitsOf(t, 1, {}, async ({ pool }) => {
      const gates = new Gates(t)
      const controller = new AbortController()
      const spinning = t.throwsAsync(pool.map(spin, [gates.path('in')], { signal: controller.signal, killGrace }))
      await gates.passed('in')
      controller.abort(new Error('enough'))
      await spinning
    })
    check(t, exit, 'abort', KILLED_BY_POOL)
  }
  const [returned] = await exitsOf(t, 1, {}, async ({ pool }) => {
    const gates = new Gates(t)
    const results = pool.imap(spin, [gates.path('in')])
    void results.next().catch(() => undefined)
    await gates.passed('in')
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
  const { pool, exits } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  const open = t.throwsAsync(pool.map(spin, [gates.path('in')]), { code: 'ERR_POOL_TERMINATED' })
  await gates.passed('in')
  await pool.apply(pidOf)
  const areHeard = await terminated(pool)
  await open
  for (const { reason, signal } of exits) t.deepEqual([reason, signal], ['closed', 'SIGKILL'])
  if (areHeard) t.is(exits.length, 2)
  const young = watchedPool(t, { nJobs: 1 })
  const refused = t.throwsAsync(young.pool.apply(pidOf), { code: 'ERR_POOL_TERMINATED' })
  await until(
    () => young.pool.workers.length === 1,
    () => 'no worker'
  )
  const isHeard = await terminated(young.pool)
  await refused
  for (const { reason, signal } of young.exits) t.deepEqual([reason, signal], ['closed', 'SIGKILL'])
  if (isHeard) t.is(young.exits.length, 1)
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
