import { appendFileSync, writeFileSync } from 'node:fs'

import test, { type ExecutionContext } from 'ava'

import { type LifeFunction, type TaskContext, tasks, WorkerInitError, type WorkerPool } from '../dist/index.js'
import { isInline, testBoth } from './helpers/both.js'
import { KILLED, WAS_ABORTED, WAS_KILLED } from './helpers/deaths.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { kill } from './helpers/signal.js'

const life = tasks<typeof import('./fixtures/jobs-life.mjs')>(new URL('./fixtures/jobs-life.mjs', import.meta.url))
const PASS = { passContext: true } as const
const BROKEN = { code: 'ERR_POOL_WORKER_INIT', instanceOf: WorkerInitError }

/** An init that notes itself in a file, and the file. */
function noted(t: ExecutionContext): {
  readonly init: (context: TaskContext) => void
  readonly lines: () => readonly string[]
} {
  const gates = new Gates(t)
  const file = gates.path('inits')
  const init = ({ workerId, state }: TaskContext): void => {
    appendFileSync(file, `${workerId}\n`)
    state['inits'] = Number(state['inits'] ?? 0) + 1
  }
  return { init, lines: () => gates.lines('inits') }
}

const initsOf = (_item: unknown, { state }: TaskContext): unknown => state['inits']

testBoth('workerInit runs before the first task of each worker, once, and counts as no task', async (t) => {
  const { init, lines } = noted(t)
  const { pool } = watchedPool(t, { nJobs: 2, workerInit: init })
  t.deepEqual(await pool.map(initsOf, [1, 2, 3, 4, 5], { chunkSize: 1, ...PASS }), [1, 1, 1, 1, 1])
  await pool.map(initsOf, [1, 2, 3], PASS)
  t.is(await pool.apply(initsOf, [0], PASS), 1)
  t.true(lines().length <= 2)
  t.is(new Set(lines()).size, lines().length, 'no worker has run it twice')
  const { submitted, completed, failed, cancelled } = pool.stats
  t.deepEqual([submitted, completed, failed, cancelled], [9, 9, 0, 0])
})

testBoth('an init may be asynchronous, a reference, or a URL', async (t) => {
  const tell = (_item: unknown, { state }: TaskContext): unknown => state['from']
  const inits: LifeFunction[] = [
    async ({ state }) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      state['from'] = 'async'
    },
    life.init,
    new URL('./fixtures/jobs-life.mjs', import.meta.url)
  ]
  const { pool } = watchedPool(t, { nJobs: 1 })
  const told = []
  for (const workerInit of inits) told.push(...(await pool.map(tell, [0], { workerInit, ...PASS })))
  t.deepEqual(told, ['async', 'reference', 'default'])
})

testBoth('a call that names another init runs it in living workers; an equal one is the same', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const make =
    (name: string) =>
    ({ state }: TaskContext): void => {
      state['log'] = `${String(state['log'] ?? '')}${name} `
    }
  const log = (workerInit?: LifeFunction): Promise<unknown> =>
    pool.apply((context: TaskContext) => context.state['log'], [], { workerInit, ...PASS })
  t.is(await log(), undefined)
  t.is(await log(make('a')), 'a ')
  t.is(await log(make('b')), 'a b ')
  t.is(await log(make('a')), 'a b ', 'the same source with equal captured values')
  t.is(await log(), 'a b ')
})

test('a replacement runs it again, with a new state', async (t) => {
  const { init, lines } = noted(t)
  const { pool } = watchedPool(t, { nJobs: 1, workerInit: init })
  t.is(await pool.apply(initsOf, [0], PASS), 1)
  await pool.recycle()
  t.is(await pool.apply(initsOf, [0], PASS), 1)
  t.deepEqual(lines(), ['0', '0'])
})

test('warm runs it ahead of the first task', async (t) => {
  const { init, lines } = noted(t)
  const { pool } = watchedPool(t, { nJobs: 2, workerInit: init })
  await pool.warm()
  t.deepEqual([...lines()].toSorted(), ['0', '1'])
  t.is(pool.stats.submitted, 0)
})

test('the time of a task does not include it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, taskTimeout: 3_000 })
  const workerInit = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3_200))
  t.is(await pool.apply(() => 7, [], { workerInit }), 7)
  const slow = pool.apply(() => new Promise(() => undefined), [], { workerInit: () => undefined })
  await t.throwsAsync(slow, { code: 'ERR_POOL_TASK_TIMEOUT' })
})

const broken: Readonly<Record<string, readonly [LifeFunction, RegExp]>> = {
  throws: [() => JSON.parse('{'), /^workerInit failed in worker \d \(pid \d+\): /],
  rejects: [() => Promise.reject(new TypeError('no')), /^workerInit failed in worker \d \(pid \d+\): no$/],
  'throws from a timer': [
    () => new Promise(() => setTimeout(() => void JSON.parse('{'))),
    /^workerInit failed in worker \d \(pid \d+\): /
  ],
  exits: [() => process.exit(3), /^worker \d \(pid \d+\) exited with code 3 before workerInit had ended$/],
  aborts: [() => process.abort(), new RegExp(`^worker \\d \\(pid \\d+\\) ${WAS_ABORTED} before workerInit had ended$`)],
  hangs: [() => new Promise(() => undefined), /^workerInit did not end within 300 ms in worker \d \(pid \d+\), which/],
  spins: [
    () => {
      for (;;);
    },
    /^workerInit did not end within 300 ms in worker \d \(pid \d+\), which/
  ]
}

async function settle(pool: WorkerPool, workerInit?: LifeFunction): Promise<unknown[]> {
  const options = workerInit === undefined ? {} : { workerInit }
  const calls = [
    pool.map((x: number) => x, [1, 2, 3, 4], { chunkSize: 1, ...options }),
    pool.mapSettled((x: number) => x, [1, 2], options),
    pool.apply(() => 1, [], options),
    pool.imap((x: number) => x, [1, 2, 3], options).next()
  ]
  const outcomes = await Promise.allSettled(calls)
  return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : 'fulfilled') as unknown)
}

for (const [how, [workerInit, message]] of Object.entries(broken)) {
  test(`an init that ${how} fails each call that names it, at once, and starts no worker after the other`, async (t) => {
    const isStuck = how === 'hangs' || how === 'spins'
    const { pool, started } = watchedPool(t, { nJobs: 2, workerInitTimeout: isStuck ? 300 : 60_000 })
    const errors = await settle(pool, workerInit)
    for (const error of errors) {
      t.true(error instanceof WorkerInitError, String(error))
      t.regex((error as WorkerInitError).message, message)
      t.regex((error as WorkerInitError).stack ?? '', /worker-init\.spec/, 'it names the line of its call')
    }
    t.is(new Set(errors).size, 4, 'each call has an error of its own')
    t.true(started.length <= 2, `${started.length} workers`)
    t.deepEqual(await pool.map((x: number) => x + 1, [1, 2]), [2, 3], 'the pool works')
  })
}

testBoth('calls that do not name the init that fails go on', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const other = pool.map(async (x: number) => x, [1, 2, 3, 4, 5, 6], { chunkSize: 1 })
  const failing = pool.map((x: number) => x, [1], {
    workerInit: () => {
      throw new RangeError('no')
    }
  })
  const error = await t.throwsAsync(failing, BROKEN)
  t.true(error?.cause instanceof RangeError)
  t.deepEqual(await other, [1, 2, 3, 4, 5, 6])
})

testBoth('after a failure the next call tries again', async (t) => {
  const gates = new Gates(t)
  const file = gates.path('ok')
  const workerInit = async ({ state }: TaskContext): Promise<void> => {
    const { existsSync } = await import('node:fs')
    if (!existsSync(file)) throw new Error('not yet')
    state['ok'] = true
  }
  const { pool } = watchedPool(t, { nJobs: 1, workerInit })
  const ask = (): Promise<unknown> => pool.apply((context: TaskContext) => context.state['ok'], [], PASS)
  await t.throwsAsync(ask(), BROKEN)
  await t.throwsAsync(ask(), BROKEN)
  gates.open('ok')
  t.is(await ask(), true)
})

testBoth('an init that is called many times at once fails all of them by one run', async (t) => {
  const { init, lines } = noted(t)
  const workerInit = (context: TaskContext): void => {
    init(context)
    throw new Error('no')
  }
  const { pool } = watchedPool(t, { nJobs: 1, workerInit })
  const calls = Array.from({ length: 50 }, () =>
    t.throwsAsync(
      pool.apply(() => 1),
      BROKEN
    )
  )
  await Promise.all(calls)
  t.is(lines().length, 1)
})

test('a worker that is killed from outside while it runs the init', async (t) => {
  const gates = new Gates(t)
  const file = gates.path('pid')
  const workerInit = (): Promise<void> => {
    writeFileSync(file, String(process.pid))
    return new Promise(() => undefined)
  }
  const { pool, exits } = watchedPool(t, { nJobs: 1, workerInit })
  const call = t.throwsAsync(
    pool.apply(() => 1),
    { ...BROKEN, message: new RegExp(`${WAS_KILLED} before workerInit`) }
  )
  const pid = await gates.pid('pid')
  kill(pid)
  const error = (await call) as WorkerInitError
  t.like(error, { pid, ...KILLED, timeout: null })
  t.is(exits.length, 1)
})

test('an abort ends a worker that does not end its init', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, killGrace: 20 })
  const controller = new AbortController()
  const gates = new Gates(t)
  const file = gates.path('begun')
  const workerInit = (): Promise<void> => {
    writeFileSync(file, '')
    return new Promise(() => undefined)
  }
  const call = pool.map((x: number) => x, [1], { workerInit, signal: controller.signal })
  await gates.passed('begun')
  controller.abort(new Error('stop'))
  await t.throwsAsync(call, { message: 'stop' })
  t.is(await pool.apply(() => 5), 5)
  t.is(exits[0]?.reason, 'abort')
})

testBoth('an init that cannot be sent is refused before anything runs', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const secret = new WeakMap()
  const workerInit = (): unknown => secret
  await t.throwsAsync(
    pool.map((x: number) => x, [1], { workerInit }),
    { code: 'ERR_POOL_FUNCTION', message: /'secret'/ }
  )
  t.is(pool.stats.submitted, 0)
  t.is(isInline(t) ? 0 : pool.workers.length, 0)
})

test('types: the context of an init and the shared objects', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  t.is(
    await pool.apply((_context: TaskContext) => 1, [], {
      workerInit: (context: TaskContext) => context.workerId,
      passContext: true
    }),
    1
  )
})
