import test from 'ava'

import { task, TaskTimeoutError, tasks, WorkerDiedError } from '../dist/index.js'
import { KILLED } from './helpers/deaths.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const here = new URL('./fixtures/jobs-limits.mjs', import.meta.url)
const jobs = tasks<typeof import('./fixtures/jobs-limits.mjs')>(here)
const BAD = 5
const items = Array.from({ length: 12 }, (_, item) => item)

for (const way of ['exit', 'kill', 'spin'] as const) {
  const taskTimeout = way === 'spin' ? 1_000 : undefined

  test.serial(`a task that ends its worker (${way}) runs again; the tasks beside it run once`, async (t) => {
    const { pool, exits } = watchedPool(t, { nJobs: 2, taskTimeout, retries: 2 })
    for (const method of ['map', 'imap', 'mapSettled'] as const) {
      const gates = new Gates(t)
      const inputs = items.map((item) => ({ item, bad: BAD, way, file: gates.path('notes'), times: 2 }))
      const options = { chunkSize: 6 }
      const collect = async (): Promise<unknown[]> => {
        if (method === 'map') return await pool.map(jobs.run, inputs, options)
        const results: unknown[] = []
        if (method === 'imap') for await (const item of pool.imap(jobs.run, inputs, options)) results.push(item)
        else
          for (const outcome of await pool.mapSettled(jobs.run, inputs, options)) {
            results.push(outcome.status === 'fulfilled' ? outcome.value : outcome.reason)
          }
        return results
      }
      t.deepEqual(await within(collect(), 'the call stays open'), items)
      const begun = gates.lines('notes').map((line) => Number(line.split(' ')[0]))
      t.deepEqual(
        begun.toSorted((a, b) => a - b),
        [...items, BAD, BAD].toSorted((a, b) => a - b)
      )
    }
    t.is(exits.length, 6)
    t.like(pool.stats, { submitted: 36, completed: 36, failed: 0, cancelled: 0 })
  })

  test.serial(`the error of the last attempt (${way}) has the earlier ones`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const gates = new Gates(t)
    const inputs = items.map((item) => ({ item, bad: BAD, way, file: gates.path('notes') }))
    const settled = await within(
      pool.mapSettled(jobs.run, inputs, { chunkSize: 6, retries: 2, taskTimeout }),
      'the call stays open'
    )
    t.deepEqual(
      settled.flatMap(({ status }, item) => (status === 'rejected' ? [item] : [])),
      [BAD]
    )
    const outcome = settled[BAD]
    const error: unknown = outcome?.status === 'rejected' ? outcome.reason : undefined
    if (!(error instanceof WorkerDiedError || error instanceof TaskTimeoutError)) throw error
    const errors = [...(error.attempts ?? []), error]
    const lines = gates.lines('notes').filter((line) => line.startsWith(`${BAD} `))
    t.deepEqual(
      errors.map((each) => {
        t.is(each.constructor, error.constructor)
        const { index, workerId, pid } = each as WorkerDiedError
        return `${index} ${workerId} ${pid}`
      }),
      lines
    )
    t.is(lines.length, 3)
    t.false('attempts' in (error.attempts?.[0] ?? {}))
  })
}

test('a task runs again on another worker if there is one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 3 })
  const gates = new Gates(t)
  const input = { item: 1, bad: 1, way: 'kill' as const, file: gates.path('notes'), times: 1 }
  t.is(await pool.apply(jobs.run, [input], { retries: 1 }), 1)
  const workers = gates.lines('notes').map((line) => line.split(' ')[1])
  t.deepEqual(workers, ['0', '1'])
})

test('with orderTasks a task runs again on its own worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 3 })
  const gates = new Gates(t)
  const inputs = [0, 1, 2].map((item) => ({ item, bad: 1, way: 'kill' as const, file: gates.path('notes'), times: 2 }))
  t.deepEqual(await pool.map(jobs.run, inputs, { retries: 2, orderTasks: true, chunkSize: 1 }), [0, 1, 2])
  const workers = gates.lines('notes').flatMap((line) => (line.startsWith('1 ') ? [line.split(' ')[1]] : []))
  t.deepEqual(workers, ['1', '1', '1'])
})

test('a task that throws does not run again', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, retries: 5 })
  const gates = new Gates(t)
  const input = { item: 1, bad: 1, way: 'throw' as const, file: gates.path('notes') }
  const error = await t.throwsAsync(pool.apply(jobs.run, [input]), { instanceOf: RangeError })
  t.false('attempts' in error)
  t.is(gates.lines('notes').length, 1)
  t.is(exits.length, 0)
})

test('without retries a task begins at most once', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  const input = { item: 1, bad: 1, way: 'kill' as const, file: gates.path('notes') }
  const error = await t.throwsAsync(pool.apply(jobs.run, [input]), { instanceOf: WorkerDiedError })
  t.false('attempts' in error)
  t.is(gates.lines('notes').length, 1)
})

test('an abort ends the attempts', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const controller = new AbortController()
  const call = pool.apply(task(here, 'hang'), [gates.path('in'), 'never'], {
    retries: 3,
    killGrace: 0,
    signal: controller.signal
  })
  await gates.passed('in')
  controller.abort(new Error('stop'))
  await t.throwsAsync(call, { message: 'stop' })
  t.is(await pool.apply(Math.abs, [-1]), 1)
  t.like(pool.stats, { submitted: 2, completed: 1, failed: 0, cancelled: 1 })
})

test('a task that throws after its worker died is not run again', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, retries: 5 })
  const gates = new Gates(t)
  const input = { file: gates.path('notes'), plan: ['exit', 'throw'] as const }
  const error = await t.throwsAsync(pool.apply(jobs.follow, [input]), { instanceOf: RangeError })
  t.is(error.message, 'thrown by the task')
  t.is(gates.lines('notes').length, 2)
  t.like(pool.stats, { submitted: 1, completed: 0, failed: 1 })
})

test('attempts that ended in different ways are each reported as such, with the line of the call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const input = { file: gates.path('notes'), plan: ['exit', 'spin', 'kill'] as const }
  for (const method of ['apply', 'map'] as const) {
    const options = { retries: 2, taskTimeout: 1_000 }
    const call =
      method === 'apply' ? pool.apply(jobs.follow, [input], options) : pool.map(jobs.follow, [input], options)
    const error = await t.throwsAsync(within(call, method), { instanceOf: WorkerDiedError })
    t.like(error, KILLED)
    const attempts = error.attempts ?? []
    t.deepEqual(
      attempts.map(({ constructor }) => constructor),
      method === 'apply' ? [WorkerDiedError, TaskTimeoutError] : [WorkerDiedError, WorkerDiedError]
    )
    for (const { stack } of [...attempts, error]) {
      t.regex(stack ?? '', /retries\.spec/)
      t.notRegex(stack ?? '', /native-/, 'how the pool came to make it is of no interest')
    }
  }
})

test('tasks that were accepted before the pool was closed have all their attempts', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const input = { file: gates.path('notes'), plan: ['exit', 'exit', 'end'] as const }
  const call = pool.apply(jobs.follow, [input], { retries: 2 })
  await gates.passed('notes')
  await within(pool.stopAndJoin(), 'the pool does not close')
  t.is(await call, 'done')
  t.is(gates.lines('notes').length, 3)
})

test('terminate and aborts end endless attempts at any moment', async (t) => {
  for (const way of ['terminate', 'abort'] as const) {
    for (const begun of [1, 2, 3]) {
      const { pool } = watchedPool(t, { nJobs: 2 })
      const gates = new Gates(t)
      const controller = new AbortController()
      const input = { file: gates.path('notes'), plan: ['exit'] as const }
      const call = pool.apply(jobs.follow, [input], { retries: 2 ** 32 - 1, signal: controller.signal })
      const settled = Promise.allSettled([call])
      await until(
        () => gates.lines('notes').length >= begun,
        () => 'the attempts have ended'
      )
      if (way === 'abort') controller.abort(way)
      else await within(pool.terminate(), 'terminate')
      const [outcome] = await within(settled, 'the call stays open')
      const reason: unknown = outcome.status === 'rejected' ? outcome.reason : undefined
      if (way === 'abort') t.is(reason, way)
      else t.like(reason, { code: 'ERR_POOL_TERMINATED' })
      if (way === 'abort') t.is(await pool.apply(Math.abs, [-1]), 1)
      await pool.stopAndJoin()
      const last = gates.lines('notes').length
      t.true(last <= begun + 2, `${last} attempts`)
    }
  }
})
