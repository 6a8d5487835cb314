import { AsyncLocalStorage } from 'node:async_hooks'

import test from 'ava'

import { tasks } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-map.mjs'
import { testBoth } from './helpers/both.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-map.mjs', import.meta.url))
const add = (a: number, b: number): number => a + b

testBoth('apply runs one task with its arguments', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  t.is(await pool.apply(add, [1, 2]), 3)
  t.is(await pool.apply(async (x: string) => x.toUpperCase(), ['a']), 'A')
  t.is(await pool.apply(() => undefined), undefined)
  t.is(await pool.apply(jobs.countTicks), 0)
  t.is((await pool.apply(jobs.look, ['x'])).index, 0)
})

testBoth('changes after the call have no effect on it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const args: [number, number] = [1, 2]
  const buffer = Buffer.from('before')
  const results = [pool.apply(add, args), pool.apply((b: Buffer) => b.toString(), [buffer])]
  args[0] = 100
  args.push(7)
  buffer.fill('x')
  t.deepEqual(await Promise.all<unknown>(results), [3, 'before'])
})

testBoth('an apply goes ahead of map chunks that no worker has begun', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const file = gates.path('notes')
  const items = Array.from({ length: 50 }, (_, line) => ({ file, line, leave: gates.path('go') }))
  const mapped = pool.map(jobs.note, items, { chunkSize: 1 })
  await until(
    () => gates.lines('notes').length === 1,
    () => 'the first task does not begin'
  )
  const applied = [1, 2].map((n) => pool.apply(jobs.note, [{ file, line: `apply ${n}` }]))
  gates.open('go')
  await Promise.all([mapped, ...applied])
  t.deepEqual(gates.lines('notes').slice(0, 4), ['0', 'apply 1', 'apply 2', '1'])
})

testBoth('an apply waits only for the chunk that has begun, even if more chunks are in flight', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const items = Array.from({ length: 200_000 }, (_, i) => i)
  let isMapped = false
  const mapped = pool.map((x: number) => Math.sqrt(x), items).then(() => (isMapped = true))
  await until(
    () => pool.stats.completed > 10_000,
    () => 'the map does not run'
  )
  t.is(await pool.apply(add, [1, 2]), 3)
  t.false(isMapped)
  await mapped
})

testBoth('the errors of an apply name the line of the call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const submitHere = (): Promise<unknown> => pool.apply(jobs.failRichly, [1])
  const error = await t.throwsAsync(submitHere(), { instanceOf: TypeError, message: 'bad number 1' })
  const stack = error?.stack ?? ''
  t.true(stack.indexOf('jobs-map.mjs') > 0 && stack.indexOf('submitHere') > stack.indexOf('jobs-map.mjs'), stack)

  const refused = await t.throwsAsync(
    pool.apply((x: unknown) => x, [() => 1] as never),
    {
      code: 'ERR_POOL_NOT_SERIALIZABLE'
    }
  )
  t.regex(refused?.stack ?? '', /apply\.spec/)
  t.notRegex(refused?.stack ?? '', /dist\/codec/)
  const mine = new RangeError('in a getter')
  const origin = mine.stack
  const trap = {
    get now(): never {
      throw mine
    }
  }
  t.is(await t.throwsAsync(pool.apply((x: object) => x, [trap])), mine)
  t.true(mine.stack?.startsWith(origin ?? '?'), 'an error of the parent loses where it was made')
})

testBoth('a result that cannot be decoded fails its own task', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const unreadable = { code: 'ERR_POOL_NOT_SERIALIZABLE', message: /cannot be decoded/ }
  await t.throwsAsync(pool.apply(jobs.garble, [1, 1]), unreadable)
  const pairs = [0, 1, 2, 3].map((item) => [item, 2] as const)
  const results = await pool.mapSettled(jobs.garble, pairs, { spread: true, chunkSize: 4 })
  t.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.code)),
    [0, 1, 'ERR_POOL_NOT_SERIALIZABLE', 3]
  )
  await t.throwsAsync(pool.map(jobs.garble, pairs, { spread: true, chunkSize: 4 }), unreadable)
  const lazily = pool.imap(jobs.garble, pairs, { spread: true, chunkSize: 4 })
  t.deepEqual([(await lazily.next()).value, (await lazily.next()).value], [0, 1])
  await t.throwsAsync(lazily.next(), unreadable)
  t.is(await pool.apply(add, [1, 2]), 3)
})

test('workers start on demand: no more than there are tasks, the lowest id first', async (t) => {
  const { pool, started } = watchedPool(t, { nJobs: 4 })
  const gates = new Gates(t)
  const hold = (name: string): Promise<unknown> =>
    pool.apply(jobs.pass, [{ enter: gates.path(name), leave: gates.path('go'), value: name }])
  t.is(pool.workers.length, 0)
  const results = [hold('a')]
  await gates.passed('a')
  t.deepEqual(
    pool.workers.map(({ id }) => id),
    [0]
  )
  results.push(hold('b'), hold('c'))
  await Promise.all([gates.passed('b'), gates.passed('c')])
  t.deepEqual(
    pool.workers.map(({ id }) => id),
    [0, 1, 2]
  )
  gates.open('go')
  t.deepEqual(await Promise.all(results), ['a', 'b', 'c'])
  for (let i = 0; i < 20; i++) await pool.apply(add, [i, i])
  t.is(started.length, 3)
})

testBoth("the caller's AsyncLocalStorage is present in its continuations and inside its inputs", async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const see = (): unknown => seen.push(storage.getStore())
  const session = async (name: string): Promise<void> => {
    const input = function* (): Generator<number> {
      try {
        for (let i = 0; i < 300; i++) {
          see()
          yield i
        }
      } finally {
        see()
      }
    }
    const later = async function* (): AsyncGenerator<number> {
      see()
      await Promise.resolve()
      see()
      yield 1
      see()
    }
    await pool.apply(add, [1, 2]).finally(see)
    await pool.map(Math.sqrt, input()).then(see)
    await pool.map(Math.sqrt, later())
    await pool.apply(jobs.failAsMine).catch(see)
    see()
    for await (const _ of pool.imap(Math.sqrt, input(), { chunkSize: 2 })) {
      see()
      if (name === 'one') break
    }
    see()
  }
  for (const name of ['one', 'two']) {
    seen.length = 0
    await storage.run(name, () => session(name))
    t.true(seen.length > 300)
    t.deepEqual([...new Set(seen)], [name])
  }
  const both = ['three', 'four'].map((name) =>
    storage.run(name, async () => {
      await pool.map(Math.sqrt, [1, 2, 3])
      return storage.getStore()
    })
  )
  t.deepEqual(await Promise.all(both), ['three', 'four'])
})

test('stats always add up and never count more running tasks than workers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 3 })
  const problems: string[] = []
  let samples = 0
  const sample = (): void => {
    const stats = pool.stats
    const { submitted, completed, failed, cancelled, running, queued } = stats
    const isRight =
      submitted === completed + failed + cancelled + running + queued &&
      running <= Math.max(pool.workers.length, running === 0 ? 0 : 3) &&
      Object.values(stats).every((count) => Number.isInteger(count) && count >= 0)
    if (!isRight) problems.push(JSON.stringify({ ...stats, workers: pool.workers.length }))
    samples++
  }
  const load = { isOver: false }
  const sampler = (async () => {
    while (!load.isOver) {
      sample()
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  const failSome = (x: number): number => {
    if (x % 7 === 0) throw new Error('seven')
    return x
  }
  const controller = new AbortController()
  const items = Array.from({ length: 3_000 }, (_, i) => i)
  const work = [
    pool.mapSettled(failSome, items),
    pool.map(failSome, items),
    pool.map(Math.sqrt, items, { chunkSize: 3 }),
    pool.map(Math.sqrt, items, { signal: controller.signal, chunkSize: 1 }),
    // How many turns the event loop takes is its own affair: each of these is a moment to look at.
    ...items.slice(0, 50).map((x) => pool.apply(failSome, [x]).finally(sample))
  ]
  const settled = Promise.allSettled(work)
  await until(
    () => pool.stats.completed > 500,
    () => 'nothing is done'
  )
  controller.abort()
  process.kill(pool.workers[0]?.pid ?? 0, 'SIGKILL')
  await settled
  load.isOver = true
  await sampler
  t.deepEqual(problems, [])
  t.true(samples > 10)
})
