import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'

import {
  PoolTerminatedError,
  task,
  TaskFunctionError,
  tasks,
  WorkerDiedError,
  WorkerPool,
  type WorkerPoolOptions,
  WorkerStartError
} from '../dist/index.js'
import { KILLED } from './helpers/deaths.js'
import { watchedPool } from './helpers/pools.js'
import { longEnough } from './helpers/limits.js'
import { gone, until } from './helpers/processes.js'
import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof import('./fixtures/jobs-worker.mjs')>(new URL('./fixtures/jobs-worker.mjs', import.meta.url))
const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
const double = (x: number): number => x * 2

function directory(t: ExecutionContext): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'millrace start ')))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

interface Broken {
  readonly options: WorkerPoolOptions
  readonly says: RegExp
  /** Processes that got as far as the preload. */
  readonly spawns: number
}

const IS_WINDOWS = process.platform === 'win32'

const broken: Readonly<Record<string, Broken>> = {
  'an execPath that does not exist': {
    options: { execPath: '/does/not/exist' },
    says: IS_WINDOWS
      ? /^workers cannot start: \/does\/not\/exist: there is no such program/
      : /^workers cannot start: \/does\/not\/exist: No such file/,
    spawns: 0
  },
  'an execPath that is no program': {
    options: { execPath: fixture('jobs-worker.mjs') },
    says: IS_WINDOWS
      ? /^workers cannot start: .*jobs-worker\.mjs: .*\(os error \d+\)/
      : /^workers cannot start: .*jobs-worker\.mjs: Permission denied/,
    spawns: 0
  },
  'an execPath that is another program': {
    // macOS has it elsewhere.
    options: { execPath: IS_WINDOWS ? 'hostname' : (['/bin/true', '/usr/bin/true'].find(existsSync) ?? '/bin/true') },
    says: IS_WINDOWS
      ? /^workers cannot start: exited with code \d+ before it was ready$/
      : /^workers cannot start: exited with code 0 before it was ready$/,
    spawns: 0
  },
  'a cwd that does not exist': {
    options: { cwd: '/does/not/exist' },
    says: IS_WINDOWS
      ? /^workers cannot start: .*does.not.exist: .*\(os error \d+\)/
      : /^workers cannot start: \/does\/not\/exist: No such file/,
    spawns: 0
  },
  'a preload that throws': {
    options: { execArgv: ['--require', fixture('preload-throws.cjs')] },
    says: /^workers cannot start: Error: the preload is broken\n +at .*preload-throws\.cjs:2/,
    spawns: 3
  },
  'an imported preload that throws': {
    options: { execArgv: ['--import', new URL('fixtures/preload-throws.mjs', import.meta.url).href] },
    says: /^workers cannot start: Error: the preload is broken\n +at .*preload-throws\.mjs:4/,
    spawns: 3
  },
  'a preload that is not there': {
    options: { execArgv: ['--require', '/does/not/exist.cjs'] },
    says: /^workers cannot start: Error: Cannot find module '\/does\/not\/exist\.cjs'/,
    spawns: 0
  },
  'a preload that exits': {
    options: { execArgv: ['--require', fixture('preload-exits.cjs')] },
    says: /^workers cannot start: exited with code 5 before it was ready$/,
    spawns: 3
  },
  'a flag that node does not know': {
    options: { execArgv: ['--no-such-flag'] },
    says: /^workers cannot start: exited with code 9 before it was ready$/,
    spawns: 0
  }
}

for (const [what, { options, says, spawns }] of Object.entries(broken)) {
  test(`${what} rejects each call with the start error, after three attempts`, async (t) => {
    const counter = join(directory(t), 'spawns')
    writeFileSync(counter, '')
    const { pool, started } = watchedPool(t, { ...options, nJobs: 2, env: { SPAWNS: counter } })
    for (let round = 1; round <= 2; round++) {
      const expected = { instanceOf: WorkerStartError, code: 'ERR_POOL_WORKER_START', message: says }
      if (round === 1) await t.throwsAsync(pool.map(double, [1, 2, 3, 4], { chunkSize: 1 }), expected)
      else await t.throwsAsync(pool.apply(double, [1]), expected)
      await until(
        () => pool.workers.length === 0,
        () => `workers left: ${JSON.stringify(pool.workers)}`
      )
      t.is(readFileSync(counter, 'utf8').length, spawns * round)
    }
    t.is(started.length, 0)
    const { submitted, failed, cancelled } = pool.stats
    t.is(submitted, failed + cancelled)
    await pool.stopAndJoin()
  })
}

test('a pool works again once its workers can start', async (t) => {
  const repaired = join(directory(t), 'repaired')
  const execArgv = ['--require', fixture('preload-until-repaired.cjs')]
  const { pool } = watchedPool(t, { nJobs: 2, execArgv, env: { REPAIRED: repaired } })
  const settled = await pool.mapSettled(double, [1, 2, 3])
  t.deepEqual(
    settled.map((each) => each.status === 'rejected' && each.reason instanceof WorkerStartError),
    [true, true, true]
  )
  writeFileSync(repaired, '')
  t.deepEqual(await pool.map(double, [1, 2, 3]), [2, 4, 6])
})

test('after a worker dies between ready and its first task, the task is tried once more', async (t) => {
  const files = directory(t)
  const [SPAWNS, DIES_UNTIL] = [join(files, 'spawns'), join(files, 'healed')]
  const execArgv = ['--require', fixture('preload-dies-when-ready.cjs')]
  const { pool, exits } = watchedPool(t, { nJobs: 1, execArgv, env: { SPAWNS, DIES_UNTIL } })
  const error = await t.throwsAsync(pool.apply(double, [1]), { instanceOf: WorkerDiedError })
  t.is(readFileSync(SPAWNS, 'utf8').length, 2)
  t.like(error, KILLED)
  t.is(error.pid, exits.at(-1)?.pid ?? 0)
  writeFileSync(DIES_UNTIL, '')
  t.is(await pool.apply(double, [1]), 2)
})

for (const end of ['terminate', 'stopAndJoin'] as const) {
  test(`${end} ends a pool whose workers are starting`, async (t) => {
    const execArgv = ['--require', fixture('preload-waits.cjs')]
    const { pool } = watchedPool(t, { nJobs: 2, execArgv })
    const call = pool.map(double, [1, 2], { chunkSize: 1 })
    const rejected = t.throwsAsync(call, { instanceOf: PoolTerminatedError })
    await until(
      () => pool.workers.length === 2,
      () => 'two workers are starting'
    )
    t.deepEqual(
      pool.workers.map(({ id, state }) => [id, state]),
      [
        [0, 'starting'],
        [1, 'starting']
      ]
    )
    const pids = pool.workers.map((worker) => worker.pid)
    await (end === 'terminate' ? pool.terminate() : pool.stopAndJoin({ timeout: 50 }))
    await rejected
    await gone(pids)
  })
}

test('a pool can end before its worker processes exist', async (t) => {
  for (let round = 0; round < 10; round++) {
    const { pool } = watchedPool(t, { nJobs: 4 })
    const rejected = t.throwsAsync(pool.map(double, [1, 2, 3, 4], { chunkSize: 1 }), {
      instanceOf: PoolTerminatedError
    })
    await pool.terminate()
    await rejected
    t.deepEqual(pool.workers, [])
  }
})

test('stopAndJoin ends starting workers that are no longer needed', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 3 })
  const aborter = new AbortController()
  const call = pool.map(double, [1, 2, 3], { chunkSize: 1, signal: aborter.signal })
  const rejected = call.catch((error: unknown) => error)
  await until(
    () => pool.workers.length > 0,
    () => 'a worker is starting'
  )
  aborter.abort()
  t.is(await rejected, aborter.signal.reason)
  await pool.stopAndJoin()
  t.deepEqual(pool.workers, [])
  t.true(exits.length <= 3)
})

test('in a process without free descriptors workers cannot start, and later pools work', async (t) => {
  // The shell sets the limit, which Node itself must keep to while it loads the library; the script is its $0.
  const execArgv = ['-c', `ulimit -n 256; exec '${process.execPath}' "$0"`]
  const end = await run(t, 'few-descriptors.mjs', [], { execPath: '/bin/sh', execArgv }).end
  const expected = [0, 1, 2, 3, 5, 8, 11].map((left) => `${left} right [ 4, 6 ]`)
  t.deepEqual([end.code, end.lines, end.stderr], [0, expected, ''])
})

test("a worker has a title, its own process group, and the pool's env, cwd and flags", async (t) => {
  const cwd = directory(t)
  const env = { PATH: process.env['PATH'], ONLY: 'this', GONE: undefined }
  const { pool } = watchedPool(t, { nJobs: 1, cwd, env, execArgv: ['--no-deprecation', '--stack-trace-limit=7'] })
  const seen = await pool.apply(jobs.describe)
  t.is(seen.title, 'millrace worker 0')
  t.is(seen.group, seen.pid)
  t.is(seen.cwd, cwd)
  t.deepEqual(seen.env, { PATH: process.env['PATH'], ONLY: 'this' })
  t.deepEqual(seen.execArgv, ['--no-deprecation', '--stack-trace-limit=7'])
  t.is(seen.execPath, process.execPath)
  t.is(seen.argv.length, 2)
})

test('the standard input of a worker is empty', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.is(await pool.apply(jobs.readInput), '')
  t.is(await pool.apply(jobs.streamInput), 0)
})

test('forks and threads of a task are not workers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, execArgv: ['--no-deprecation'] })
  t.deepEqual(await pool.apply(jobs.forkChild), { argv: ['argument'], execArgv: ['--no-deprecation'] })
  t.is(await pool.apply(jobs.startThread), 2)
  t.deepEqual(await pool.map(double, [1]), [2])
})

test('preloads run in workers, even those that start a thread of module hooks', async (t) => {
  const { pool } = watchedPool(t, {
    nJobs: 1,
    execArgv: ['--require', fixture('preload-marks.cjs'), '--import=@oxc-node/core/register']
  })
  // Node itself, and this package's worker: nothing of how it was started.
  t.deepEqual(await pool.apply(jobs.loaded), [2])
})

test("workers inherit the parent's stdout and stderr, or write nowhere", async (t) => {
  const inherited = await run(t, 'prints.mjs', ['inherit']).end
  t.deepEqual(inherited.lines, ['task on stdout'])
  t.is(inherited.stderr, 'task on stderr\n')
  const ignored = await run(t, 'prints.mjs', ['ignore']).end
  t.deepEqual([ignored.code, ignored.lines, ignored.stderr], [0, [], ''])
})

const flags = [['--test'], ['--inspect=0'], ['--test', '--test-reporter=spec'], ['--inspect=0', '--no-deprecation']]

for (const given of flags) {
  test(`workers of a parent that runs under ${given.join(' ')} work`, async (t) => {
    const out = join(directory(t), 'seen.json')
    const end = await run(t, 'under-flags.mjs', [], { execArgv: given, env: { ...process.env, OUT: out } }).end
    t.is(end.code, 0, end.stderr)
    t.true(existsSync(out), end.lines.join('\n'))
    const seen = JSON.parse(readFileSync(out, 'utf8')) as string[]
    // From Node 24 on the test runner spells its own defaults out for the files it runs; these do no harm.
    t.deepEqual(
      seen.filter((flag) => /^--(?:test|inspect|no-deprecation)/.test(flag)),
      given.filter((flag) => flag === '--no-deprecation')
    )
  })
}

test('starts that are killed from outside lose no task beside a good worker', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 2 })
  await pool.apply(double, [1])
  const good = pool.workers[0]?.pid
  const killed = new Set<number>()
  const killer = setInterval(() => {
    const young = pool.workers.filter(({ state, pid }) => state === 'starting' && pid !== good && !killed.has(pid))
    for (const { pid } of killed.size < 5 ? young : []) {
      killed.add(pid)
      process.kill(pid, 'SIGKILL')
    }
  }, 1)
  t.teardown(() => clearInterval(killer))
  const spin = (x: number): number => {
    const end = Date.now() + 20
    while (Date.now() < end);
    return x
  }
  let pulled = 0
  const items = function* (): Generator<number> {
    while (killed.size < 5) yield pulled++
  }
  const read = async (): Promise<number[]> => {
    const results: number[] = []
    for await (const result of pool.imap(spin, items(), { chunkSize: 1 })) results.push(result)
    return results
  }
  const results = await within(read(), 'the starts are not disturbed')
  t.deepEqual(
    results,
    Array.from({ length: pulled }, (_, i) => i)
  )
  t.true(exits.every(({ pid }) => pid !== good))
})

test('starts that are killed from outside do not reject work before ten of them in a row', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, execArgv: ['--require', fixture('preload-waits.cjs')] })
  const call = t.throwsAsync(pool.apply(double, [1]), { instanceOf: WorkerStartError, message: /signal 9/ })
  const killed = new Set<number>()
  const killer = setInterval(() => {
    for (const { pid } of pool.workers.filter((worker) => !killed.has(worker.pid))) {
      killed.add(pid)
      process.kill(pid, 'SIGKILL')
    }
  }, 5)
  t.teardown(() => clearInterval(killer))
  await call
  t.is(killed.size, 10)
})

test('an ordered map is rejected when the worker of one of its chunks cannot start beside a good one', async (t) => {
  const { pool } = watchedPool(t, {
    nJobs: 2,
    execArgv: ['--require', fixture('preload-fails-after-first.cjs')],
    env: { FIRST: join(directory(t), 'first') }
  })
  await pool.apply(double, [1])
  await t.throwsAsync(pool.map(double, [1, 2], { chunkSize: 1, orderTasks: true }), {
    instanceOf: WorkerStartError,
    message: /the preload is broken/
  })
  t.deepEqual(await pool.map(double, [1, 2, 3]), [2, 4, 6])
})

test('a worker that hangs while it starts is killed after workerStartTimeout', async (t) => {
  const execArgv = ['--require', fixture('preload-waits.cjs')]
  const { pool } = watchedPool(t, { nJobs: 1, execArgv, workerStartTimeout: 100 })
  await t.throwsAsync(pool.apply(double, [1]), {
    instanceOf: WorkerStartError,
    message: 'workers cannot start: a worker was not ready within 100 ms'
  })
  await until(
    () => pool.workers.length === 0,
    () => 'a worker is left'
  )
  await pool.stopAndJoin()
})

// One bound holds for starting and for loading: it has to be long enough for starts on a busy machine.
test.serial('loading a module is bounded by workerStartTimeout', async (t) => {
  const ways: readonly (readonly [file: string, options: WorkerPoolOptions])[] = [
    ['jobs-never-loads.mjs', {}],
    ['jobs-spins-while-loading.mjs', {}],
    ['jobs-never-loads.mjs', { taskTimeout: 50 }],
    ['jobs-spins-while-loading.mjs', { taskTimeout: 50, retries: 2 }]
  ]
  const attempt =
    ([file, options]: (typeof ways)[number]) =>
    async (workerStartTimeout: number) => {
      const { pool, exits } = watchedPool(t, { nJobs: 1, workerStartTimeout, ...options })
      const job = task(new URL(`./fixtures/${file}`, import.meta.url), 'job')
      const error = await t.throwsAsync<NodeJS.ErrnoException>(pool.apply(job, []))
      const after = await pool.apply(Math.abs, [-2], { taskTimeout: 60_000 }).catch((reason: unknown) => reason)
      return { file, workerStartTimeout, error, after, deaths: exits.length }
    }
  const isEnough = ({ error, deaths }: { error: unknown; deaths: number }): boolean =>
    error instanceof TaskFunctionError && deaths === 1
  const outcomes = await Promise.all(ways.map((way) => longEnough([2_500, 15_000, 60_000], attempt(way), isEnough)))
  for (const { file, workerStartTimeout, error, after, deaths } of outcomes) {
    t.true(error instanceof TaskFunctionError)
    t.is(error?.code, 'ERR_POOL_FUNCTION')
    const text = `${fixture(file)} was not loaded within ${workerStartTimeout} ms (workerStartTimeout); worker 0`
    t.true(error?.message.startsWith(text), error?.message)
    t.deepEqual([after, deaths], [2, 1])
  }
})

test('the time of loading does not count as the time of the task', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const source = 'await new Promise((r) => setTimeout(r, 3500)); export default (x) => x * 2'
  const slow = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  t.is(await pool.apply(slow as never, [4], { taskTimeout: 2_500 }), 8)
})

for (const value of [0, -1, NaN, 2 ** 31, '60']) {
  test(`workerStartTimeout cannot be ${inspect(value)}`, (t) => {
    const options = { workerStartTimeout: value } as WorkerPoolOptions
    t.throws(() => new WorkerPool(options), { code: 'ERR_POOL_INVALID_OPTION', message: /workerStartTimeout/ })
  })
}

for (const when of ['before', 'after'] as const) {
  test(`workers start in the right directory if a program changes it ${when} it makes a pool`, async (t) => {
    const home = directory(t)
    const away = join(home, 'away')
    mkdirSync(join(home, 'node_modules/by-name'), { recursive: true })
    mkdirSync(away)
    const note = (name: string): string => `(globalThis.preloads ??= []).push('${name}')`
    writeFileSync(join(home, 'preload.cjs'), note('required'))
    writeFileSync(join(home, 'preload.mjs'), note('imported'))
    writeFileSync(join(home, 'node_modules/by-name/index.js'), note('named'))
    writeFileSync(join(home, '.env'), 'FROM_FILE=yes')
    const execArgv = ['-r', './preload.cjs', '-r', 'by-name', '--import', './preload.mjs', '--env-file=.env']
    const { code, lines, stderr } = await run(t, 'moves-away.mjs', [away, when], { execArgv, cwd: home }).end
    t.deepEqual([code, stderr], [0, ''])
    const seen = [when === 'before' ? away : home, 'constructed', 'required,named,imported', 'yes']
    t.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      [seen, seen]
    )
  })
}

test('a preload of NODE_OPTIONS that blocks dies with the parent, and tasks see NODE_OPTIONS as it was', async (t) => {
  const files = directory(t)
  const [blocks, pidFile] = [join(files, 'blocks it.cjs'), join(files, 'pid')]
  writeFileSync(blocks, `require('node:fs').writeFileSync(process.env.PID_FILE, String(process.pid))\nfor (;;);`)
  const NODE_OPTIONS = `--require "${blocks.replaceAll('\\', '\\\\')}"`
  const parent = run(t, 'starts-and-waits.mjs', [], { env: { WORKER_OPTIONS: NODE_OPTIONS, PID_FILE: pidFile } })
  await until(
    () => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '',
    () => 'the preload does not run'
  )
  const pid = Number(readFileSync(pidFile, 'utf8'))
  parent.kill('SIGKILL')
  await gone([pid])

  writeFileSync(blocks, '')
  const { pool } = watchedPool(t, { nJobs: 1, env: { NODE_OPTIONS } })
  t.deepEqual(await pool.apply(() => [process.env['NODE_OPTIONS'], process.execArgv.join()]), [NODE_OPTIONS, ''])
})
