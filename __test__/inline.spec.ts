import { AsyncLocalStorage } from 'node:async_hooks'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

import test, { type ExecutionContext } from 'ava'

import {
  currentTask,
  DaemonicProcessError,
  isWorker,
  PoolTerminatedError,
  QueueFullError,
  type TaskContext,
  TaskFunctionError,
  taskInfo,
  tasks,
  WorkerPool,
  type WorkerPoolOptions
} from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-inline.mjs'
import { until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-inline.mjs', import.meta.url))
const here = await import('./fixtures/jobs-inline.mjs')
const library = new URL('../dist/index.js', import.meta.url).href

function inlinePool(t: ExecutionContext, options: WorkerPoolOptions = {}): WorkerPool {
  const pool = new WorkerPool({ nJobs: 0, ...options })
  t.teardown(() => pool.terminate())
  return pool
}

/** What a program prints, and how it ends. */
function runScript(code: string): readonly [stdout: string, status: number | null] {
  const env = { PATH: process.env['PATH'] }
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', env })
  return [stdout, status]
}

/** Resolves when the event loop has run a few times. */
async function turns(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve))
}

test.serial('tasks run in this process, which is no worker', async (t) => {
  const pool = inlinePool(t)
  t.is(await pool.apply(() => process.pid), process.pid)
  t.is(await pool.apply(jobs.isInWorker), isWorker)
  t.false(isWorker)
  t.deepEqual(pool.workers, [])
  t.is(pool.stdout, null)
  t.regex(inspect(pool), /nJobs: 0/)
})

test.serial('a task sees copies of its items, and the caller a copy of its result', async (t) => {
  const pool = inlinePool(t)
  const item = { list: [1], bytes: new Uint8Array([1, 2]) }
  const result = await pool.apply(
    (given: typeof item) => {
      given.list.push(2)
      given.bytes[0] = 9
      return given
    },
    [item]
  )
  t.deepEqual(item, { list: [1], bytes: new Uint8Array([1, 2]) })
  t.deepEqual(result, { list: [1, 2], bytes: new Uint8Array([9, 2]) })
  const kept = await pool.apply(jobs.keep, [item])
  t.not(kept, here.kept())
  t.not(here.kept(), item)
})

test.serial('a function by value is made anew; one by reference is that of the module of this process', async (t) => {
  const pool = inlinePool(t)
  let count = 0
  const countUp = (): number => ++count
  t.is(await pool.apply(countUp), 1)
  t.is(count, 0)
  const before = here.count()
  t.is(await pool.apply(jobs.count), before + 1)
  t.is(await pool.apply(here.count), before + 2)
})

test.serial('what only a process of its own can keep is refused by name', async (t) => {
  const refused: readonly (readonly [keyof WorkerPoolOptions, unknown])[] = [
    ['cpuIds', [0]],
    ['taskTimeout', 100],
    ['workerLifespan', 1],
    ['maxWorkerMemory', 1e9],
    ['maxHeap', 1e9],
    ['env', { SECRET: 'value' }],
    ['cwd', '/'],
    ['execArgv', []],
    ['execPath', process.execPath],
    ['stdio', 'pipe'],
    ['stdio', 'ignore']
  ]
  for (const [option, value] of refused) {
    const error = t.throws(() => new WorkerPool({ nJobs: 0, [option]: value }), { instanceOf: RangeError })
    t.like(error, { code: 'ERR_POOL_INVALID_OPTION' })
    t.regex(error.message, new RegExp(`^${option}: nJobs: 0 runs tasks in this process, .*, got `))
    t.notRegex(error.message, /value/)
  }
  const pool = inlinePool(t, { cpuIds: null, stdio: 'inherit', taskTimeout: undefined })
  const wanted = { code: 'ERR_POOL_INVALID_OPTION', instanceOf: RangeError }
  const expected = { ...wanted, message: /^taskTimeout: nJobs: 0 runs .* got 5$/ }
  await t.throwsAsync(pool.map(here.count, [1], { taskTimeout: 5 }), expected)
  await t.throwsAsync(pool.apply(here.count, [], { taskTimeout: 5 }), expected)
  t.throws(() => pool.imap(here.count, [1], { taskTimeout: 5 }), expected)
  await t.throwsAsync(pool.map(here.count, [1], { workerLifespan: 5 }), { ...wanted, message: /^workerLifespan: / })
  t.is(pool.stats.submitted, 0)
  for (const nJobs of [-1, 0.5, 1025]) t.throws(() => new WorkerPool({ nJobs }), { message: /from 0 to 1024/ })
})

test.serial('currentTask() is the task anywhere inside it, and undefined outside and after it', async (t) => {
  const pool = inlinePool(t)
  t.is(currentTask(), undefined)
  const seen = await Promise.all([
    pool.map(jobs.indexes, [0, 1, 2]),
    pool.mapSettled(jobs.indexes, [0, 1], { chunkSize: 1 })
  ])
  t.deepEqual(seen[0], [[0, 0, 0], [1, 1, 1], [2, 2, 2]]) // prettier-ignore
  t.is(currentTask(), undefined)
  await pool.apply(jobs.lookLater)
  await until(
    () => here.seenLater().length > 0,
    () => 'the timer does not fire'
  )
  t.deepEqual(here.seenLater(), [undefined])
  const passed = await pool.map((x: number, context) => [x, context.workerId, context.index], [7], {
    passContext: true
  })
  t.deepEqual(passed, [[7, 0, 0]])
})

test.serial('the state of the context is kept between tasks and calls', async (t) => {
  const pool = inlinePool(t)
  const countUp = (_x: number, { state }: TaskContext): number => {
    state['n'] = Number(state['n'] ?? 0) + 1
    return Number(state['n'])
  }
  t.deepEqual(await pool.map(countUp, [0, 0], { passContext: true }), [1, 2])
  t.deepEqual(await pool.map(countUp, [0], { passContext: true }), [3])
  t.deepEqual(await inlinePool(t).map(countUp, [0], { passContext: true }), [1])
})

test.serial('one task runs at a time, whatever the calls', async (t) => {
  const pool = inlinePool(t)
  await Promise.all([
    pool.map(jobs.together, [1, 2, 3], { chunkSize: 1 }),
    pool.mapUnordered(jobs.together, [1, 2, 3]),
    pool.apply(jobs.together, [1]),
    pool.apply(jobs.together, [1])
  ])
  t.is(here.most(), 1)
})

test.serial('a task never runs inside of the call that asks for it', async (t) => {
  const pool = inlinePool(t)
  const before = here.count()
  const result = pool.apply(jobs.count)
  await Promise.resolve()
  t.is(here.count(), before + 1)
  t.is(await result, before + 2)
})

test.serial('a task does not see what the caller has in an AsyncLocalStorage', async (t) => {
  const pool = inlinePool(t)
  t.is(await here.storage.run('caller', () => pool.apply(jobs.store)), undefined)
  const own = new AsyncLocalStorage<string>()
  await own.run('outer', async () => {
    for await (const _ of pool.imap(jobs.store, [1, 2])) t.is(own.getStore(), 'outer')
  })
})

test.serial('a task that throws does not run again', async (t) => {
  const pool = inlinePool(t, { retries: 3 })
  const before = here.count()
  await t.throwsAsync(pool.apply(jobs.countAndThrow), { message: `count ${before + 1}` })
  t.is(here.count(), before + 2)
})

test.serial('the errors of a task show its lines and those of the call, and none of the library', async (t) => {
  const pool = inlinePool(t)
  const captured = 'bad'
  const failures = [
    pool.apply(jobs.throwLater),
    pool.map(
      async function failLater(x: number) {
        await Promise.resolve()
        throw new Error(`${captured} ${x}`)
      },
      [1]
    ),
    pool.map(
      function failNow(x: number) {
        throw new Error(`${captured} ${x}`)
      },
      [1]
    )
  ]
  for (const failure of failures) {
    const { stack = '' } = await t.throwsAsync(failure)
    t.regex(stack, /inline\.(spec|mjs)|jobs-inline/)
    t.notRegex(stack, /\/dist\//)
  }
})

test.serial('an abort acts between tasks', async (t) => {
  const pool = inlinePool(t)
  const controller = new AbortController()
  const reason = new RangeError('enough')
  const before = here.count()
  const results = pool.map(jobs.countFor, Array(1_000).fill(1), { signal: controller.signal })
  const failed = t.throwsAsync(results)
  await until(
    () => pool.stats.completed > 2,
    () => 'nothing runs'
  )
  controller.abort(reason)
  t.is(await failed, reason)
  await turns()
  const ran = here.count() - before
  t.true(ran > 2 && ran < 900, `${ran}`)
  t.is(await pool.apply((x: number) => x, [1]), 1)
})

test.serial('leaving an iterator drops what has not begun', async (t) => {
  const pool = inlinePool(t)
  const before = here.count()
  for await (const _ of pool.imap(jobs.count, Array(1_000).fill(0), { chunkSize: 500, maxTasksActive: 1_000 })) break
  await turns()
  t.is(here.count() - before, 2)
  const { submitted, completed, cancelled } = pool.stats
  t.deepEqual([completed, cancelled], [1, submitted - 1])
})

test.serial(
  'an abort at an await is told to the task; one that goes on is left to itself after killGrace',
  async (t) => {
    const pool = inlinePool(t)
    const told = new AbortController()
    const polite = pool.apply(jobs.untilAborted, [], { signal: told.signal, killGrace: 10_000 })
    await until(
      () => here.waiting() === 1,
      () => 'nothing runs'
    )
    told.abort(new TypeError('the reason'))
    await t.throwsAsync(polite, { message: 'the reason' })
    await until(
      () => here.reasons().length > 0,
      () => 'the task was not told'
    )
    t.like(here.reasons()[0], { name: 'TypeError', message: 'the reason' })
    t.is(await pool.apply((x: number) => x, [1]), 1)

    for (const killGrace of [0, 20]) {
      const controller = new AbortController()
      const endless = pool.apply(() => new Promise(() => undefined), [], { signal: controller.signal, killGrace })
      await until(
        () => pool.stats.running === 1,
        () => 'nothing runs'
      )
      controller.abort('reason')
      t.is(await endless.catch((error: unknown) => error), 'reason')
      t.is(
        await within(
          pool.apply((x: number) => x, [2]),
          'the pool is stuck'
        ),
        2
      )
    }
    t.like(pool.stats, { completed: 4, cancelled: 2, running: 0, queued: 0 })
  }
)

test.serial('terminate rejects everything, tells the running task, and hears of it no more', async (t) => {
  const pool = inlinePool(t)
  const before = here.reasons().length
  const open = [
    pool.apply(jobs.untilAborted),
    pool.map((x: number) => x, [1, 2]),
    pool.imap((x: number) => x, [1]).next()
  ]
  const ended = Promise.allSettled(open)
  await until(
    () => here.waiting() === 2,
    () => 'nothing runs'
  )
  await within(pool.terminate(), 'terminate hangs')
  for (const outcome of await ended) {
    t.true(outcome.status === 'rejected' && outcome.reason instanceof PoolTerminatedError)
  }
  await until(
    () => here.reasons().length > before,
    () => 'the task was not told'
  )
  t.true(pool.closed)
  await t.throwsAsync(
    pool.apply((x: number) => x, [1]),
    { code: 'ERR_POOL_CLOSED' }
  )
  t.like(pool.stats, { running: 0, queued: 0 })
  const { submitted, completed, failed, cancelled } = pool.stats
  t.is(submitted, completed + failed + cancelled)
})

test.serial('stopAndJoin finishes what was accepted; its timeout and a disposal end the rest', async (t) => {
  const pool = inlinePool(t)
  let closes = 0
  pool.on('close', () => closes++)
  const results = pool.map(jobs.together, [1, 2, 3])
  await within(pool.stopAndJoin(), 'stopAndJoin hangs')
  t.deepEqual(await results, [1, 2, 3])
  await turns()
  t.is(closes, 1)

  const stuck = inlinePool(t)
  const endless = t.throwsAsync(
    stuck.apply(() => new Promise(() => undefined)),
    { code: 'ERR_POOL_TERMINATED' }
  )
  await turns()
  await within(stuck.stopAndJoin({ timeout: 20 }), 'the timeout does nothing')
  await endless

  const disposed = new WorkerPool({ nJobs: 0 })
  const late = t.throwsAsync(
    disposed.apply(() => new Promise(() => undefined)),
    { code: 'ERR_POOL_TERMINATED' }
  )
  await disposed[Symbol.asyncDispose]()
  await late
  await new WorkerPool({ nJobs: 0 }).stopAndJoin()
  await new WorkerPool({ nJobs: 0 }).terminate()
})

test.serial('recycle has no worker to replace', async (t) => {
  const pool = inlinePool(t)
  await pool.recycle()
  t.is(await pool.apply((x: number) => x, [1]), 1)
  await pool.recycle()
})

test.serial('maxQueue counts the calls of apply that wait', async (t) => {
  const pool = inlinePool(t, { maxQueue: 1 })
  const calls = [1, 2, 3, 4].map((x) => pool.apply(jobs.together, [x]))
  const outcomes = await Promise.allSettled(calls)
  t.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'rejected']
  )
  t.true(outcomes[2]?.status === 'rejected' && outcomes[2].reason instanceof QueueFullError)
})

test.serial('an apply goes ahead of the rest of a chunk, and leaves other calls a turn', async (t) => {
  const pool = inlinePool(t)
  const order: string[] = []
  const results = pool.map(jobs.countFor, Array(100).fill(1), { chunkSize: 100 }).then(() => order.push('map'))
  await until(
    () => pool.stats.completed > 2,
    () => 'nothing runs'
  )
  await pool.apply((x: number) => x, [1]).then(() => order.push('apply'))
  await results
  t.deepEqual(order, ['apply', 'map'])

  const rivalry = { isOver: false }
  const rivals = (async () => {
    while (!rivalry.isOver) await Promise.all(Array.from({ length: 20 }, (_, x) => pool.apply((y: number) => y, [x])))
  })()
  t.deepEqual(
    await within(
      pool.map((x: number) => x, Array(50).fill(1)),
      'the map starves'
    ),
    Array(50).fill(1)
  )
  rivalry.isOver = true
  await rivals
})

test.serial('a task of a daemonic pool may not make or use a pool', async (t) => {
  const pool = inlinePool(t)
  const make = async (href: string): Promise<unknown> => {
    const { WorkerPool: Pool } = (await import(href)) as { WorkerPool: typeof WorkerPool }
    return new Pool({ nJobs: 0 }).stopAndJoin()
  }
  await t.throwsAsync(pool.apply(make, [library]), { instanceOf: DaemonicProcessError })
  await t.throwsAsync(pool.apply(jobs.useModulePool, [1]), { instanceOf: DaemonicProcessError })
  t.is(await here.useModulePool(1), 2)
})

test.serial('with daemon: false pools nest, and a task may use its own pool', async (t) => {
  const pool = inlinePool(t, { daemon: false })
  const nest = async (href: string, nJobs: number): Promise<number[]> => {
    const { WorkerPool: Pool } = (await import(href)) as { WorkerPool: typeof WorkerPool }
    const inner = new Pool({ nJobs, ...(nJobs > 0 ? { execArgv: [] } : {}) })
    try {
      return await inner.map((x: number) => x * 2, [1, 2, 3])
    } finally {
      await inner.stopAndJoin()
    }
  }
  t.deepEqual(await pool.apply(nest, [library, 0]), [2, 4, 6])
  t.deepEqual(await pool.apply(nest, [library, 1]), [2, 4, 6])

  here.setPool(pool)
  t.deepEqual(await within(pool.map(jobs.factorials, [1, 3, 5]), 'a task waits for itself'), [1, 6, 120])
  t.like(pool.stats, { running: 0, queued: 0, failed: 0 })
  await within(pool.stopAndJoin(), 'stopAndJoin hangs')
})

test.serial('a worker may have a pool that runs tasks in it', async (t) => {
  const pool = new WorkerPool({ nJobs: 1, daemon: false, execArgv: [] })
  t.teardown(() => pool.terminate())
  const nest = async (href: string): Promise<unknown> => {
    const { WorkerPool: Pool, currentTask: task } = (await import(href)) as {
      WorkerPool: typeof WorkerPool
      currentTask: typeof currentTask
    }
    const inner = new Pool({ nJobs: 0 })
    const pids = await inner.map(() => process.pid, [1, 2])
    await inner.stopAndJoin()
    return [pids.every((pid) => pid === process.pid), task()?.index]
  }
  t.deepEqual(await pool.apply(nest, [library]), [true, 0])
})

test.serial('a module that is missing, fails or never loads rejects its tasks, and the pool goes on', async (t) => {
  const pool = inlinePool(t)
  const at = (file: string): typeof Jobs => tasks(new URL(`./fixtures/${file}`, import.meta.url)) as never
  const missing = { instanceOf: TaskFunctionError, code: 'ERR_POOL_FUNCTION' }
  await t.throwsAsync(pool.apply(at('no-such-file.mjs').count as never), missing)
  await t.throwsAsync(pool.apply((jobs as never as Record<string, never>)['nothing'] as never), missing)
  await t.throwsAsync(pool.apply(at('jobs-throws.mjs').count as never), { message: 'broken while loading' })
  const never = tasks(new URL('./fixtures/jobs-never-loads.mjs', import.meta.url))
  const impatient = inlinePool(t, { workerStartTimeout: 300 })
  await t.throwsAsync(impatient.apply(never['job'] as never), { ...missing, message: /not loaded within 300 ms/ })
  for (const each of [pool, impatient]) t.is(await each.apply(Math.abs, [-1]), 1)
})

test.serial('a result that cannot be sent fails its task, with the path', async (t) => {
  const pool = inlinePool(t)
  const results = await pool.mapSettled((x: number) => ({ x, deep: [x === 1 ? () => x : x] }), [0, 1, 2])
  t.deepEqual(results[0], { status: 'fulfilled', value: { x: 0, deep: [0] } })
  t.like(results[1], { reason: { code: 'ERR_POOL_NOT_SERIALIZABLE', path: 'result.deep[0]' } })
  t.deepEqual(results[2], { status: 'fulfilled', value: { x: 2, deep: [2] } })
})

test.serial('a failing map drops the rest, and the counts add up', async (t) => {
  const pool = inlinePool(t)
  const fail = (x: number): number => {
    if (x === 5) throw new Error('five')
    return x
  }
  await t.throwsAsync(pool.map(fail, [...Array(100).keys()], { chunkSize: 10 }), { message: 'five' })
  await turns()
  const { submitted, completed, failed, cancelled, running, queued } = pool.stats
  t.deepEqual([completed, failed, running, queued], [5, 1, 0, 0])
  t.is(submitted, completed + failed + cancelled)
  t.deepEqual(await pool.map((x: number) => x, [1]), [1])
})

test.serial('an idle pool keeps no process alive, and pending work does', (t) => {
  const printed = runScript(`
    import { WorkerPool } from ${JSON.stringify(library)}
    const pool = new WorkerPool({ nJobs: 0 })
    void pool.map(async (x) => { await new Promise((resolve) => setTimeout(resolve, 20).unref()); return x }, [1, 2]).then(console.log)
  `)
  t.deepEqual(printed, ['[ 1, 2 ]\n', 0])
})

test.serial('process.exit() in a task ends the program', (t) => {
  const printed = runScript(`
    import { WorkerPool } from ${JSON.stringify(library)}
    await new WorkerPool({ nJobs: 0 }).apply(() => process.exit(3))
    console.log('never')
  `)
  t.deepEqual(printed, ['', 3])
})

test.serial('wrapped functions and taskInfo work as with workers', async (t) => {
  const pool = inlinePool(t)
  const double = pool.wrap((x: number) => x * 2)
  t.is(await double(4), 8)
  t.throws(() => pool.wrap(here.count, { taskTimeout: 5 }), { message: /^taskTimeout: nJobs: 0 / })
  const error = await t.throwsAsync(pool.map(jobs.countAndThrow as never, ['the item']))
  t.deepEqual(taskInfo(error), { index: 0, item: "'the item'", workerId: 0, pid: process.pid, attempt: 1 })
})

test.serial('breakpoints of a file stop in the functions that are made anew', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-inline-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'main.mjs')
  const lines = [
    `import { Session } from 'node:inspector'`,
    `import { WorkerPool } from ${JSON.stringify(library)}`,
    `const factor = 2`,
    `const stops = []`,
    `const session = new Session()`,
    `session.connect()`,
    `session.on('Debugger.paused', ({ params }) => stops.push(params.callFrames[0].location.lineNumber + 1))`,
    `session.post('Debugger.enable')`,
    `for (const lineNumber of [12, 15]) session.post('Debugger.setBreakpointByUrl', { lineNumber, url: import.meta.url })`,
    `const pool = new WorkerPool({ nJobs: 0 })`,
    `stops.length = 0`,
    `await pool.map((x) => {`,
    `  return x * factor`,
    `}, [1, 2])`,
    `await pool.map((x) => {`,
    `  return x * 3`,
    `}, [1, 2])`,
    `console.log(stops.filter((line) => line === 13).length, stops.filter((line) => line === 16).length)`
  ]
  writeFileSync(file, lines.join('\n'))
  const { stdout, stderr } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] }
  })
  const [captured = 0, plain = 0] = stdout.split(' ').map(Number)
  t.true(captured >= 2 && plain >= 2, stdout + stderr)
})

test.serial('an init and an exit may make a pool only with daemon: false', async (t) => {
  const soon = async (): Promise<void> => {
    await Promise.resolve()
    void new WorkerPool({ nJobs: 0 })
  }
  for (const init of [() => void new WorkerPool({ nJobs: 0 }), soon]) {
    const pool = new WorkerPool({ nJobs: 0, workerInit: init })
    const error = await t.throwsAsync(
      pool.apply(() => 1),
      { code: 'ERR_POOL_WORKER_INIT' }
    )
    t.true(error.cause instanceof DaemonicProcessError)
    await pool.stopAndJoin()
    const leaving = new WorkerPool({ nJobs: 0, workerExit: init })
    await leaving.apply(() => 1)
    await t.throwsAsync(leaving.stopAndJoin(), { code: 'ERR_POOL_WORKER_EXIT' })
    const open = new WorkerPool({ nJobs: 0, daemon: false, workerInit: init, workerExit: init })
    t.is(await open.apply(() => 2), 2)
    await open.stopAndJoin()
  }
  // The program itself is not affected.
  await new WorkerPool({ nJobs: 0 }).stopAndJoin()
})
