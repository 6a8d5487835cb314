import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'

import { task, tasks, WorkerDiedError } from '../dist/index.js'
import { KILLED } from './helpers/deaths.js'
import { type Watched, watchedPool } from './helpers/pools.js'
import { gone, until } from './helpers/processes.js'

const here = new URL('./fixtures/jobs-deaths.mjs', import.meta.url)
const jobs = tasks<typeof import('./fixtures/jobs-deaths.mjs')>(here)
const LARGE = 100 * 1024 * 1024

/** A file that tasks append a line to when they begin. */
function notes(t: ExecutionContext): { readonly file: string; readonly lines: () => readonly string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-death-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'notes')
  writeFileSync(file, '')
  return { file, lines: () => readFileSync(file, 'utf8').split('\n').slice(0, -1) }
}

/** The counts add up at every look. */
function checkStats(t: ExecutionContext, { pool }: Watched): void {
  const { submitted, completed, failed, cancelled, running, queued } = pool.stats
  t.is(submitted, completed + failed + cancelled + running + queued)
  t.true(running <= 2 && queued >= 0 && running >= 0)
}

interface Way {
  readonly exitCode?: number
  readonly signal?: RegExp
  /** The task is rejected with the error that ended its worker. */
  readonly throws?: string
}

const IS_WINDOWS = process.platform === 'win32'
const ways: Readonly<Record<string, Way>> = {
  exit0: { exitCode: 0 },
  exit1: { exitCode: 1 },
  exitLater: { exitCode: 3 },
  throwLater: { throws: 'thrown outside of the task' },
  unhandledRejection: { throws: 'nobody handles it' },
  SIGKILL: IS_WINDOWS ? { exitCode: 1 } : { signal: /^SIGKILL$/ },
  SIGUSR2: { signal: /^SIGUSR2$/ },
  SIGSEGV: { signal: /^SIGSEGV$/ },
  abort: IS_WINDOWS ? { exitCode: 134 } : { signal: /^SIGABRT$/ },
  // V8 ends in one way or the other, by version.
  heap: IS_WINDOWS ? { exitCode: 134 } : { signal: /^SIG(ABRT|TRAP|ILL)$/ }
}

const DIE_AT = 5
const items = Array.from({ length: 10 }, (_, item) => item)

for (const [way, { exitCode = null, signal, throws }] of Object.entries(ways)) {
  test(`a worker that ends by ${way} fails its running task and no other`, async (t) => {
    const { file, lines } = notes(t)
    const watched = watchedPool(t, { nJobs: 2, execArgv: way === 'heap' ? ['--max-old-space-size=24'] : [] })
    const { pool } = watched
    const inputs = (call: string) => items.map((item) => ({ item, dieAt: DIE_AT, way, file, call }))

    /** Every task of the call began at most once, and the right one is blamed. */
    const check = (call: string, error: unknown, index: number, isEveryTaskRun: boolean): void => {
      const begun = lines().flatMap((line) =>
        line.startsWith(`${call} `) ? [line.split(' ').slice(1).map(Number)] : []
      )
      const begunItems = begun.map(([item]) => item ?? -1).toSorted((a, b) => a - b)
      if (isEveryTaskRun) t.deepEqual(begunItems, items)
      else t.is(new Set(begunItems).size, begunItems.length)
      checkStats(t, watched)
      if (throws !== undefined) {
        t.is((error as Error).message, throws)
        return
      }
      if (!(error instanceof WorkerDiedError)) throw error
      const [, pid, workerId] = begun.find(([item]) => item === DIE_AT) ?? []
      const { code, index: at, pid: died, workerId: id, exitCode: exited } = error
      t.deepEqual(
        { code, at, died, id, exited },
        { code: 'ERR_POOL_WORKER_DIED', at: index, died: pid ?? 0, id: workerId ?? 0, exited: exitCode }
      )
      if (signal === undefined) t.is(error.signal, null)
      else t.regex(error.signal ?? '', signal)
    }

    for (const chunkSize of [1, 4]) {
      const call = `settled-${chunkSize}`
      const settled = await pool.mapSettled(jobs.run, inputs(call), { chunkSize })
      settled.forEach((result, index) => {
        if (index === DIE_AT) check(call, result.status === 'rejected' && result.reason, DIE_AT, true)
        else t.deepEqual(result, { status: 'fulfilled', value: index })
      })
    }

    const mapped: unknown = await pool.map(jobs.run, inputs('map'), { chunkSize: 4 }).catch((error: unknown) => error)
    check('map', mapped, DIE_AT, false)

    const yielded: unknown[] = []
    const broken: unknown = await (async () => {
      for await (const result of pool.imap(jobs.run, inputs('imap'), { chunkSize: 4 })) yielded.push(result)
    })().catch((error: unknown) => error)
    t.deepEqual(yielded, items.slice(0, DIE_AT))
    check('imap', broken, DIE_AT, false)

    const applied = await Promise.allSettled(inputs('apply').map((input) => pool.apply(jobs.run, [input])))
    applied.forEach((result, index) => {
      if (index === DIE_AT) check('apply', result.status === 'rejected' && result.reason, 0, true)
      else t.deepEqual(result, { status: 'fulfilled', value: index })
    })

    const harmless = inputs('good').map((input) => ({ ...input, dieAt: -1 }))
    t.deepEqual(await pool.map(jobs.run, harmless, { chunkSize: 1 }), items)
    t.true(pool.workers.every(({ id }) => id === 0 || id === 1))
    await pool.stopAndJoin()
    // No task of any call was run again, those that nobody waited for included.
    const all = lines().map((line) => line.split(' ').slice(0, 2).join(' '))
    t.is(new Set(all).size, all.length)
  })
}

test('a module that ends the process while it loads fails its own tasks only', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const never = task(new URL('./fixtures/exits-on-load.mjs', import.meta.url), 'never')
  const before = pool.map(jobs.waitFor, [1, 2])
  const died = pool.apply(never)
  const after = pool.apply(jobs.waitFor, [3])
  await t.throwsAsync(died, { instanceOf: WorkerDiedError, code: 'ERR_POOL_WORKER_DIED' })
  t.deepEqual([await before, await after], [[1, 2], 3])
  const settled = await pool.mapSettled(never, [1, 2, 3], { chunkSize: 1 })
  t.deepEqual(
    settled.map(
      (each) =>
        each.status === 'rejected' && [
          (each.reason as WorkerDiedError).exitCode,
          (each.reason as WorkerDiedError).index
        ]
    ),
    [
      [7, 0],
      [7, 1],
      [7, 2]
    ]
  )
  t.true(exits.every(({ exitCode }) => exitCode === 7))
})

test('a worker killed while it receives an item is replaced, and the item is sent once more', async (t) => {
  const { file, lines } = notes(t)
  const { pool, nextStart } = watchedPool(t, { nJobs: 1 })
  const pid = await pool.apply(jobs.pid)
  process.kill(pid, 'SIGSTOP')
  const call = pool.apply(jobs.take, [Buffer.alloc(LARGE), file])
  const replaced = nextStart()
  process.kill(pid, 'SIGKILL')
  t.is((await replaced).id, 0)
  t.is(await call, LARGE)
  t.is(lines().length, 1)
  t.not(lines()[0], String(pid))
})

test('an item is rejected after two workers died while they received it', async (t) => {
  const { file, lines } = notes(t)
  const { pool, exits, started } = watchedPool(t, { nJobs: 1 })
  pool.on('workerStart', ({ pid }) => {
    if (started.length > 1) process.kill(pid, 'SIGKILL')
  })
  const first = await pool.apply(jobs.pid)
  process.kill(first, 'SIGSTOP')
  const call = pool.apply(jobs.takeForGood, [Buffer.alloc(LARGE), file]).catch((error: unknown) => error)
  process.kill(first, 'SIGKILL')
  const outcome = await call
  // The second one may have received the item and begun before it was killed: then the task is lost as well.
  if (!(outcome instanceof WorkerDiedError)) throw outcome
  t.deepEqual([outcome.signal, outcome.index, outcome.workerId], ['SIGKILL', 0, 0])
  t.true(lines().length <= 1)
  await until(
    () => exits.length === 2,
    () => 'two workers have died'
  )
  t.is(outcome.pid, exits[1]?.pid ?? 0)
})

test('a worker killed at any moment of a large result settles the task once', async (t) => {
  const { file, lines } = notes(t)
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const delay of [0, 5, 15, 40, 80]) {
    const begun = lines().length
    const call = pool.apply(jobs.give, [LARGE, file]).then(
      (bytes) => bytes.length,
      (error: unknown) => error
    )
    await until(
      () => lines().length > begun,
      () => 'the task has begun'
    )
    const end = performance.now() + delay
    await until(
      () => performance.now() >= end,
      () => 'the delay'
    )
    try {
      process.kill(Number(lines().at(-1)), 'SIGKILL')
    } catch {
      // It has been replaced already.
    }
    const outcome = await call
    if (outcome instanceof WorkerDiedError) t.like(outcome, { ...KILLED, pid: Number(lines().at(-1)) })
    else t.is(outcome, LARGE)
    t.is(lines().length, begun + 1)
  }
  t.is(await pool.apply(jobs.waitFor, [1]), 1)
})

test('a busy worker that is killed from outside fails its task, and the other worker goes on', async (t) => {
  const { file, lines } = notes(t)
  const watched = watchedPool(t, { nJobs: 2 })
  const { pool } = watched
  const busy = pool.apply(jobs.spin, [file]).catch((error: unknown) => error)
  const others = pool.mapSettled(jobs.waitFor, [1, 2, 3, 4, 5, 6], { chunkSize: 1 })
  await until(
    () => lines().length === 1,
    () => 'the task has begun'
  )
  const pid = Number(lines()[0])
  // Ctrl-C is for the parent to decide on. On Windows this would be an end at once.
  if (!IS_WINDOWS) process.kill(pid, 'SIGINT')
  checkStats(t, watched)
  process.kill(pid, 'SIGKILL')
  const error = await busy
  if (!(error instanceof WorkerDiedError)) throw error
  t.like(error, { ...KILLED, pid, index: 0 })
  t.true((await others).every(({ status }) => status === 'fulfilled'))
  t.is(pool.stats.failed, 1)
})

test('an idle worker that dies is replaced under its id when there is work', async (t) => {
  const { pool, exits, started } = watchedPool(t, { nJobs: 2 })
  await pool.map(jobs.waitFor, [20, 20], { chunkSize: 1 })
  await until(
    () => pool.workers.length === 2 && pool.workers.every(({ state }) => state === 'idle'),
    () => 'two workers are idle'
  )
  t.deepEqual(
    pool.workers.map(({ id }) => id),
    [0, 1]
  )
  const victim = pool.workers[1]?.pid ?? 0
  process.kill(victim, 'SIGUSR2')
  await until(
    () => exits.length === 1,
    () => 'its death was reported'
  )
  t.like(exits, [{ id: 1, pid: victim, exitCode: null, signal: 'SIGUSR2', reason: 'died' }])
  t.deepEqual(
    pool.workers.map(({ id }) => id),
    [0]
  )
  t.deepEqual(await pool.map(jobs.waitFor, [20, 20], { chunkSize: 1 }), [20, 20])
  await until(
    () => started.length === 3,
    () => 'the replacement has started'
  )
  t.deepEqual(started.map(({ id }) => id).toSorted(), [0, 1, 1])
  t.deepEqual(pool.stats, { submitted: 4, completed: 4, failed: 0, cancelled: 0, running: 0, queued: 0 })
})

for (const what of ['kill', 'code', 'throw', 'spin'] as const) {
  test(`stopAndJoin ends when an exit handler of a worker ends it by ${what}`, async (t) => {
    const { pool, exits } = watchedPool(t, { nJobs: 1 })
    await pool.apply(jobs.onExit, [what])
    const pid = pool.workers[0]?.pid ?? 0
    await pool.stopAndJoin()
    await gone([pid])
    t.is(exits.length, 1)
    // The pool itself has killed one that spins.
    t.is(exits[0]?.signal, what === 'spin' ? 'SIGKILL' : what === 'kill' ? KILLED.signal : null)
    if (what === 'code') t.is(exits[0]?.exitCode, 9)
  })
}

test('a worker killed while it leaves does not keep stopAndJoin waiting', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  await pool.apply(jobs.onExit, ['spin'])
  const closing = pool.stopAndJoin()
  await until(
    () => pool.workers[0]?.state === 'leaving',
    () => 'the worker leaves'
  )
  process.kill(pool.workers[0]?.pid ?? 0, 'SIGKILL')
  await closing
  t.like(exits[0], KILLED)
})

test('a stopped worker is killed all the same', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const pid = await pool.apply(jobs.pid)
  process.kill(pid, 'SIGSTOP')
  const open = pool.apply(jobs.pid).catch((error: unknown) => error)
  await pool.terminate()
  await gone([pid])
  t.like(await open, { code: 'ERR_POOL_TERMINATED' })
})

test('the loss of a task is reported before another worker ends the chunk', async (t) => {
  const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8]
  const die = (n: number): number => (n === 4 && process.kill(process.pid, 'SIGKILL') ? 0 : n)
  // The other worker is idle. It takes the rest of the chunk, and is done with it in microseconds.
  for (let round = 0; round < 40; round++) {
    const { pool } = watchedPool(t, { nJobs: 2 })
    await pool.map((n: number) => n, numbers, { chunkSize: 1 })
    const error = await t.throwsAsync(pool.map(die, numbers, { chunkSize: 3 }), { instanceOf: WorkerDiedError })
    t.is(error?.index, 4, `round ${round}`)
    await pool.terminate()
  }
})
