import { appendFileSync, writeFileSync } from 'node:fs'

import test from 'ava'

import { type TaskContext, tasks, WorkerExitError, WorkerPool } from '../dist/index.js'
import { testBoth } from './helpers/both.js'
import { WAS_ABORTED, WAS_KILLED } from './helpers/deaths.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { run } from './helpers/run.js'
import { kill } from './helpers/signal.js'

const life = tasks<typeof import('./fixtures/jobs-life.mjs')>(new URL('./fixtures/jobs-life.mjs', import.meta.url))
const PASS = { passContext: true } as const
const BROKEN = { code: 'ERR_POOL_WORKER_EXIT', instanceOf: WorkerExitError }

const count = (_item: unknown, { state }: TaskContext): void => {
  state['count'] = Number(state['count'] ?? 0) + 1
}
const total = ({ state }: TaskContext): number => Number(state['count'] ?? 0)

testBoth('what workerExit returns is there after stopAndJoin', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, workerExit: total })
  await pool.map(
    count,
    Array.from({ length: 100 }, (_, at) => at),
    { chunkSize: 1, ...PASS }
  )
  t.deepEqual(pool.getExitResults(), [])
  await pool.stopAndJoin()
  const results = pool.getExitResults() as number[]
  t.is(
    results.reduce((sum, each) => sum + each, 0),
    100
  )
  t.true(results.length <= 2)
  t.not(pool.getExitResults(), pool.getExitResults())
})

testBoth('an exit may be asynchronous, or a reference', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, workerInit: life.init })
  await pool.apply(() => 1, [], { workerExit: life.exit })
  await pool.apply(() => 1, [], {
    workerExit: async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return 'last'
    }
  })
  await pool.stopAndJoin()
  t.deepEqual(pool.getExitResults(), ['last', { workerId: 0, from: 'reference' }], 'the last one runs first')
})

testBoth('without an exit, and without a task, there are no results', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  await pool.apply(() => 1)
  await pool.stopAndJoin()
  t.deepEqual(pool.getExitResults(), [])
  const other = watchedPool(t, { nJobs: 1, workerExit: () => 1 }).pool
  await other.stopAndJoin()
  t.deepEqual(other.getExitResults(), [])
})

test('ten megabytes of each worker arrive, also at the end of an await using scope', async (t) => {
  const pool = new WorkerPool({
    nJobs: 3,
    execArgv: [],
    workerExitTimeout: 60_000,
    workerExit: ({ workerId }) => ({ bytes: new Uint8Array(10 << 20).fill(workerId + 1), text: 'x'.repeat(1 << 20) })
  })
  await pool.warm()
  await pool[Symbol.asyncDispose]()
  const results = pool.getExitResults() as { bytes: Uint8Array; text: string }[]
  t.deepEqual(results.map(({ bytes }) => bytes[9_999_999] ?? 0).toSorted(), [1, 2, 3])
  t.true(results.every(({ bytes, text }) => bytes.length === 10 << 20 && text.length === 1 << 20))
})

for (const how of ['recycle', 'lifespan', 'idle', 'memory'] as const) {
  test(`workerExit runs in a worker that is replaced (${how})`, async (t) => {
    const { pool, exits } = watchedPool(t, {
      nJobs: 1,
      workerExit: total,
      ...(how === 'lifespan' ? { workerLifespan: 1 } : {}),
      ...(how === 'idle' ? { idleTimeout: 1 } : {}),
      ...(how === 'memory' ? { maxWorkerMemory: 1 } : {})
    })
    await pool.map(count, [1], PASS)
    if (how === 'recycle') await pool.recycle()
    await until(
      () => exits.length > 0,
      () => 'no worker ends'
    )
    t.deepEqual(pool.getExitResults(), [1])
    t.is(exits[0]?.exitCode, 0)
  })
}

testBoth('what it throws is raised by stopAndJoin, and the pool ends', async (t) => {
  const workerExit = (): void => {
    throw new RangeError('no')
  }
  const { pool } = watchedPool(t, { nJobs: 1, workerExit })
  await pool.apply(() => 1)
  const error = await t.throwsAsync(pool.stopAndJoin(), { ...BROKEN, message: /^workerExit failed in worker 0/ })
  t.true(error?.cause instanceof RangeError)
  t.deepEqual(pool.workers, [])
  await t.throwsAsync(
    pool.apply(() => 1),
    { code: 'ERR_POOL_CLOSED' }
  )
})

testBoth('a result that cannot be sent is an error', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, workerExit: () => () => 1 })
  await pool.apply(() => 1)
  const error = await t.throwsAsync(pool.stopAndJoin(), BROKEN)
  t.regex(String(error?.cause), /result cannot be sent to another process: a function/)
})

test('in a worker that is recycled it is told by the event error', async (t) => {
  const workerExit = (): void => {
    throw new RangeError('no')
  }
  const { pool } = watchedPool(t, { nJobs: 1, workerExit })
  const errors: Error[] = []
  pool.on('error', (error) => errors.push(error))
  await pool.apply(() => 1)
  await pool.recycle()
  await until(
    () => errors.length === 1,
    () => 'no error comes'
  )
  t.true(errors[0] instanceof WorkerExitError)
  t.is(await pool.apply(() => 2), 2)
})

const stuck = {
  hangs: [() => new Promise(() => undefined), /^workerExit did not end within 300 ms in worker 0 \(pid \d+\), which/],
  spins: [
    () => {
      for (;;);
    },
    /^workerExit did not end within 300 ms in worker 0 \(pid \d+\), which/
  ],
  exits: [() => process.exit(4), /^worker 0 \(pid \d+\) exited with code 4 before workerExit had ended$/],
  aborts: [() => process.abort(), new RegExp(`^worker 0 \\(pid \\d+\\) ${WAS_ABORTED} before workerExit had ended$`)]
} as const

for (const [how, [workerExit, message]] of Object.entries(stuck)) {
  test(`an exit that ${how} is an error, and the pool ends`, async (t) => {
    const isStuck = how === 'hangs' || how === 'spins'
    const { pool, exits } = watchedPool(t, { nJobs: 1, workerExit, workerExitTimeout: isStuck ? 300 : 60_000 })
    await pool.apply(() => 1)
    await t.throwsAsync(pool.stopAndJoin(), { ...BROKEN, message })
    t.is(exits.length, 1)
  })
}

test('a worker that is killed from outside while it runs the exit', async (t) => {
  const gates = new Gates(t)
  const file = gates.path('pid')
  const workerExit = (): Promise<void> => {
    writeFileSync(file, String(process.pid))
    return new Promise(() => undefined)
  }
  const { pool } = watchedPool(t, { nJobs: 1, workerExit, workerExitTimeout: 60_000 })
  await pool.apply(() => 1)
  const joined = t.throwsAsync(pool.stopAndJoin(), {
    ...BROKEN,
    message: new RegExp(`${WAS_KILLED} before workerExit`)
  })
  kill(await gates.pid('pid'))
  await joined
})

test('the results before a failure arrive, and every exit runs', async (t) => {
  const gates = new Gates(t)
  const file = gates.path('ran')
  const { pool } = watchedPool(t, { nJobs: 1 })
  const exits = ['first', 'second', 'third']
  for (const name of exits) {
    const workerExit = (): string => {
      appendFileSync(file, `${name}\n`)
      if (name === 'second') throw new Error('no')
      return name
    }
    await pool.apply(() => 1, [], { workerExit })
  }
  await t.throwsAsync(pool.stopAndJoin(), BROKEN)
  t.deepEqual(gates.lines('ran'), exits.toReversed())
  t.deepEqual(pool.getExitResults(), ['third', 'first'])
})

test('terminate runs no exit', async (t) => {
  const gates = new Gates(t)
  const file = gates.path('ran')
  const workerExit = (): void => writeFileSync(file, '')
  const { pool } = watchedPool(t, { nJobs: 1, workerExit })
  await pool.apply(() => 1)
  await pool.terminate()
  t.false(gates.isOpen('ran'))
  t.deepEqual(pool.getExitResults(), [])
})

test('a slow exit is not cut by the usual time for leaving', async (t) => {
  const workerExit = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('slow'), 5_500))
  const { pool } = watchedPool(t, { nJobs: 1, workerExit, workerExitTimeout: 60_000 })
  await pool.apply(() => 1)
  await pool.stopAndJoin()
  t.deepEqual(pool.getExitResults(), ['slow'])
})

test('workerExit runs in a worker that gets a SIGTERM, and its result is kept', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, workerExit: total })
  await pool.map(count, [1, 2], PASS)
  const { pid = 0 } = pool.workers[0] ?? {}
  t.true(pid > 0)
  process.kill(pid, 'SIGTERM')
  await until(
    () => exits.length > 0,
    () => 'the worker does not leave'
  )
  t.deepEqual(pool.getExitResults(), [2])
})

test('workerExit runs when a program ends without closing its pool', async (t) => {
  const gates = new Gates(t)
  const { end } = run(t, 'exit-at-program-end.mjs', [gates.path('exits')])
  const { code, stderr } = await end
  t.deepEqual([code, stderr], [0, ''])
  t.deepEqual([...gates.lines('exits')].toSorted(), ['worker 0', 'worker 1'])
})
