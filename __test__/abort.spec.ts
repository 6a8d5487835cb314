import { getEventListeners } from 'node:events'
import test from 'ava'

import { type TaskContext, tasks, type WorkerPool } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-map.mjs'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { gone, isAlive, until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-map.mjs', import.meta.url))
const limits = tasks<typeof import('./fixtures/jobs-limits.mjs')>(
  new URL('./fixtures/jobs-limits.mjs', import.meta.url)
)

const double = (x: number): number => x * 2
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length
const reasonOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await within(promise, 'it does not settle').then(
    () => 'fulfilled',
    (error: unknown) => error
  )

function* endless(): Generator<number> {
  for (let i = 0; ; i++) yield i
}

test('an aborted signal starts nothing and does not touch the input', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const reason = { why: 'before' }
  const options = { signal: AbortSignal.abort(reason) }
  let pulled = 0
  const input = {
    [Symbol.iterator]: () => ({ next: () => ({ done: false, value: pulled++ }) })
  }
  t.is(await reasonOf(pool.apply(double, [1], options)), reason)
  t.is(await reasonOf(pool.map(double, input, options)), reason)
  t.is(await reasonOf(pool.mapUnordered(double, input, options)), reason)
  t.is(await reasonOf(pool.mapSettled(double, input, options)), reason)
  for (const results of [pool.imap(double, input, options), pool.imapUnordered(double, input, options)]) {
    t.is(await reasonOf(results.next()), reason)
    t.deepEqual(await results.next(), { done: true, value: undefined })
  }
  t.is(pulled, 0)
  t.is(pool.workers.length, 0)
  t.is(listeners(options.signal), 0)
})

test('a queued task is dropped and never runs; the tasks beside it run', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const controller = new AbortController()
  const running = pool.apply(jobs.pass, [{ enter: gates.path('in'), leave: gates.path('out'), value: 'ran' }])
  await gates.passed('in')
  const file = gates.path('notes')
  const dropped = pool.apply(jobs.note, [{ file, line: 'dropped' }], { signal: controller.signal })
  const kept = pool.apply(jobs.note, [{ file, line: 'kept' }])
  const [worker] = pool.workers
  controller.abort()
  const reason = await reasonOf(dropped)
  t.true(reason instanceof DOMException && reason.name === 'AbortError')
  t.is(pool.stats.cancelled, 1)
  gates.open('out')
  t.deepEqual(await Promise.all([running, kept]), ['ran', 'kept'])
  t.deepEqual(gates.lines('notes'), ['kept'])
  t.is(pool.workers[0]?.pid, worker?.pid)
})

test('a running task, even in a busy loop, is killed with its worker, which is replaced; other tasks are unharmed', async (t) => {
  const { pool, started, exits } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  const controller = new AbortController()
  const { signal } = controller
  const neighbour = pool.apply(jobs.pass, [{ enter: gates.path('other'), leave: gates.path('out'), value: 'fine' }])
  await gates.passed('other')
  const spinning = pool.apply(jobs.spin, [gates.path('in')], { signal })
  await gates.passed('in')
  const spinner = pool.workers.find((worker) => worker.id === 1)
  // What waits behind the busy loop and never began is not lost with it.
  const behind = pool.map(double, [1, 2, 3])
  t.is(listeners(signal), 1)
  controller.abort('enough')
  t.is(await reasonOf(spinning), 'enough')
  t.is(listeners(signal), 0)
  await until(
    () => started.some(({ id, pid }) => id === 1 && pid !== spinner?.pid),
    () => 'no replacement'
  )
  gates.open('out')
  t.is(await neighbour, 'fine')
  t.deepEqual(await behind, [2, 4, 6])
  t.like(exits, [{ id: 1, pid: spinner?.pid, signal: 'SIGKILL' }])
  t.is(exits.length, 1)
  await gone([spinner?.pid ?? 0])
  t.like(pool.stats, { completed: 4, failed: 0, cancelled: 1 })
})

test('an abort rejects maps with the reason, kills their workers and calls return() of their inputs', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const method of ['map', 'mapUnordered', 'mapSettled'] as const) {
    const gates = new Gates(t)
    const controller = new AbortController()
    let returns = 0
    const input = function* (): Generator<string> {
      try {
        for (const i of endless()) yield gates.path(`in ${i}`)
      } finally {
        returns++
      }
    }
    const run = pool[method].bind(pool) as unknown as WorkerPool['map']
    const result = run(jobs.spin, input(), { signal: controller.signal, chunkSize: 1 })
    await Promise.all([gates.passed('in 0'), gates.passed('in 1')])
    const reason = new Error(method)
    controller.abort(reason)
    t.is(await reasonOf(result), reason)
    t.is(returns, 1)
    t.is(listeners(controller.signal), 0)
  }
  t.deepEqual(await pool.map(double, [1, 2, 3]), [2, 4, 6])
})

test('after an abort an iterator throws the reason and then ends, and return() of its input is called', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const method of ['imap', 'imapUnordered'] as const) {
    const controller = new AbortController()
    let returns = 0
    const input = function* (): Generator<number> {
      try {
        yield* endless()
      } finally {
        returns++
      }
    }
    const results = pool[method](double, input(), { signal: controller.signal })
    t.deepEqual(await results.next(), { done: false, value: 0 })
    controller.abort('stop')
    t.is(await reasonOf(results.next()), 'stop')
    t.deepEqual(await results.next(), { done: true, value: undefined })
    t.is(returns, 1)
    t.is(listeners(controller.signal), 0)
  }
})

test('an iterator that waits for a running task rejects at once', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const controller = new AbortController()
  const results = pool.imap(jobs.spin, [gates.path('in')], { signal: controller.signal })
  const waiting = [results.next(), results.next()].map(reasonOf)
  await gates.passed('in')
  controller.abort('stop')
  t.deepEqual(await Promise.all(waiting), ['stop', 'fulfilled'])
  t.is(await pool.apply(double, [2]), 4)
})

test('an abort ends a call whose input never answers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const controller = new AbortController()
  const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) }
  const result = pool.map(double, silent, { signal: controller.signal })
  controller.abort('stop')
  t.is(await reasonOf(result), 'stop')
  await within(pool.stopAndJoin(), 'the call stays open')
})

test('a long-lived signal keeps no listener and causes no warning', async (t) => {
  const { signal } = new AbortController()
  const warnings: Error[] = []
  const onWarning = (warning: Error): number => warnings.push(warning)
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const { pool } = watchedPool(t, { nJobs: 1, signal })
  const all = [
    ...Array.from({ length: 40 }, (_, i) => pool.apply(double, [i])),
    pool.map(double, [1]),
    pool.mapSettled(double, [1]),
    pool.map(() => {
      throw new Error('mine')
    }, [1])
  ]
  t.is(listeners(signal), 1)
  await Promise.allSettled(all)
  for await (const _ of pool.imap(double, endless())) break
  const open = pool.imap(double, endless())
  await open.next()
  t.is(listeners(signal), 1)
  await pool.stopAndJoin()
  t.is(listeners(signal), 0)
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(warnings, [])
})

test("the pool's signal applies to every call without a signal of its own", async (t) => {
  const controller = new AbortController()
  const own = new AbortController()
  const { pool } = watchedPool(t, { nJobs: 2, signal: controller.signal })
  const gates = new Gates(t)
  const applied = pool.apply(jobs.spin, [gates.path('in')])
  await gates.passed('in')
  const others = pool.apply(jobs.pass, [{ enter: gates.path('other'), leave: gates.path('out'), value: 1 }], {
    signal: own.signal
  })
  await gates.passed('other')
  controller.abort('all of it')
  t.is(await reasonOf(applied), 'all of it')
  t.is(await reasonOf(pool.map(double, [1])), 'all of it')
  gates.open('out')
  t.is(await others, 1)
  t.is(await pool.apply(double, [2], { signal: own.signal }), 4)
})

test('arguments that abort their own call while they are encoded start nothing', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const controller = new AbortController()
  const trap = {
    get now(): number {
      controller.abort('from inside')
      return 1
    }
  }
  t.is(await reasonOf(pool.apply((x: object) => x, [trap], { signal: controller.signal })), 'from inside')
  t.is(pool.stats.submitted, 0)
  const again = new AbortController()
  const input = function* (): Generator<number> {
    yield 1
    again.abort('from the input')
    yield 2
  }
  t.is(await reasonOf(pool.map(double, input(), { signal: again.signal })), 'from the input')
  await until(
    () => pool.stats.running + pool.stats.queued === 0,
    () => 'tasks stay'
  )
  t.deepEqual(await pool.map(double, [1]), [2])
})

test('aborts at random moments leave the pool as good as new', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const { randomNumbers } = await import('./helpers/random.js')
  const random = randomNumbers(4_711)
  const keep = pool.map(
    double,
    Array.from({ length: 20_000 }, (_, i) => i)
  )
  for (let round = 0; round < 12; round++) {
    const controller = new AbortController()
    const result = pool.map(double, endless(), { signal: controller.signal, chunkSize: 1 + Math.floor(random() * 50) })
    const turns = Math.floor(random() * 40)
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
    controller.abort(round)
    t.is(await reasonOf(result), round)
  }
  t.is((await keep).length, 20_000)
  const { submitted, completed, failed, cancelled, running, queued } = pool.stats
  t.is(submitted, completed + failed + cancelled + running + queued)
  t.is(failed, 0)
})

/** The one worker lives on. */
const isSameWorker = async (pool: WorkerPool, pid: number): Promise<boolean> =>
  (await pool.apply(() => process.pid)) === pid

test('a running task receives the reason, and if it ends by itself its worker stays', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, killGrace: 60_000 })
  const pid = await pool.apply(() => process.pid)
  const abortable: readonly (readonly [unknown, string])[] = [
    [Object.assign(new RangeError('mine'), { code: 'E_MINE' }), 'RangeError mine E_MINE'],
    [undefined, 'AbortError This operation was aborted 20'],
    ['a text', 'string a text '],
    [() => 'cannot be sent', 'AbortError This operation was aborted 20'],
    ['x'.repeat(100_000), 'AbortError This operation was aborted 20']
  ]
  for (const then of ['end', 'throw'] as const) {
    for (const [reason, told] of abortable) {
      for (const method of ['apply', 'map', 'imap'] as const) {
        const gates = new Gates(t)
        const controller = new AbortController()
        const { signal } = controller
        const input = { enter: gates.path('in'), notes: gates.path('notes'), after: then }
        const call = {
          apply: async (): Promise<unknown> => await pool.apply(limits.heed, [input], { signal }),
          map: async (): Promise<unknown> => await pool.map(limits.heed, [input, input], { signal, chunkSize: 2 }),
          imap: async (): Promise<unknown> => await pool.imap(limits.heed, [input], { signal }).next()
        }[method]()
        await gates.passed('in')
        controller.abort(reason)
        t.is(await reasonOf(call), signal.reason)
        t.true(await isSameWorker(pool, pid))
        t.deepEqual(gates.lines('notes'), [told], 'the second task of the chunk never began')
      }
    }
  }
  t.is(exits.length, 0)
})

test('after killGrace a task that still runs is killed with its worker; without a grace period at once and without notice', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  for (const [killGrace, then] of [
    [undefined, 'never'],
    [2_000, 'never'],
    [2_000, 'spin'],
    [0, 'end']
  ] as const) {
    const gates = new Gates(t)
    const controller = new AbortController()
    const input = { enter: gates.path('in'), notes: gates.path('notes'), after: then }
    const call = pool.apply(limits.heed, [input], { signal: controller.signal, killGrace })
    await gates.passed('in')
    const pid = await gates.pid('in')
    controller.abort('stop')
    t.is(await reasonOf(call), 'stop')
    await gone([pid])
    // A busy machine may need more than the usual grace to let the task note it.
    if (killGrace !== undefined) t.deepEqual(gates.lines('notes'), killGrace === 0 ? [] : ['string stop '])
    t.is(await pool.apply(double, [2]), 4)
  }
  t.deepEqual(
    exits.map(({ signal }) => signal),
    ['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL']
  )
  t.like(pool.stats, { completed: 4, failed: 0, cancelled: 4 })
})

test('killGrace is kept while this process is busy', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const controller = new AbortController()
  const call = reasonOf(pool.apply(limits.hang, [gates.path('in'), 'never'], { signal: controller.signal }))
  await gates.passed('in')
  const pid = await gates.pid('in')
  controller.abort('stop')
  const end = performance.now() + 100_000
  while (isAlive(pid) && performance.now() < end);
  t.false(isAlive(pid))
  t.is(await call, 'stop')
})

test('return() of an iterator aborts the signals of its tasks; tasks that go on are killed with their workers', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, killGrace: 500 })
  for (const method of ['imap', 'imapUnordered'] as const) {
    for (const then of ['end', 'never'] as const) {
      const gates = new Gates(t)
      const input = { enter: gates.path('in'), notes: gates.path('notes'), after: then }
      const results = pool[method](limits.heed, [input, input], { chunkSize: 2 })
      const waiting = results.next()
      await gates.passed('in')
      const pid = await gates.pid('in')
      t.deepEqual(await results.return?.(), { done: true, value: undefined })
      t.deepEqual(await waiting, { done: true, value: undefined })
      if (then === 'never') await gone([pid])
      t.is(await isSameWorker(pool, pid), then === 'end')
      t.deepEqual(gates.lines('notes'), ['AbortError This operation was aborted 20'])
    }
  }
  t.is(exits.length, 2)
})

test('a map that fails lets its running tasks end without notice', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 2, killGrace: 1 })
  const gates = new Gates(t)
  const map = pool.map(jobs.passOrFail, [
    { enter: gates.path('in'), leave: gates.path('out'), value: 1 },
    { leave: gates.path('in'), value: 2, message: 'fails' }
  ])
  await t.throwsAsync(map, { message: 'fails' })
  gates.open('out')
  await until(
    () => pool.stats.running === 0,
    () => 'the task does not end'
  )
  t.is(exits.length, 0)
})

test('the signal of a context belongs to its task', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const [isSame, isSignal, keys, context] = await pool.apply(limits.useContext)
  t.deepEqual([isSame, isSignal, keys], [true, true, 'workerId,index,shared,state'])
  t.deepEqual(context as object, { workerId: 0, index: 0, shared: undefined, state: {} }, 'a context can be a result')
  const controller = new AbortController()
  const { signal } = controller
  const gates = new Gates(t)
  // The task that asked for it has ended when another one of its chunk is aborted.
  t.false(await pool.apply(limits.keepSignal, [], { signal }))
  const input = { enter: gates.path('in'), notes: gates.path('notes'), after: 'end' as const }
  const call = pool.apply(limits.heed, [input], { signal, killGrace: 60_000 })
  await gates.passed('in')
  controller.abort()
  t.is(await reasonOf(call), signal.reason)
  t.false(await pool.apply(limits.keptSignal))
})

test('a task that reads its signal after the abort finds it aborted', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, killGrace: 60_000 })
  const gates = new Gates(t)
  const controller = new AbortController()
  const file = gates.path('told')
  const late = async (input: { enter: string; leave: string; file: string }, context: TaskContext): Promise<void> => {
    const { existsSync, writeFileSync } = await import('node:fs')
    writeFileSync(input.enter, '')
    while (!existsSync(input.leave)) await new Promise((resolve) => setTimeout(resolve, 2))
    writeFileSync(input.file, `${context.signal.aborted} ${String(context.signal.reason)}\n`)
  }
  const call = pool.apply(late, [{ enter: gates.path('in'), leave: gates.path('out'), file }], {
    passContext: true,
    signal: controller.signal
  })
  await gates.passed('in')
  controller.abort('stop')
  t.is(await reasonOf(call), 'stop')
  gates.open('out')
  await pool.stopAndJoin()
  t.deepEqual(gates.lines('told'), ['true stop'])
})

test('chunks queued behind a task that reads its signal arrive complete', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, killGrace: 60_000 })
  await pool.map(double, [1, 2, 3])
  const gates = new Gates(t)
  const controller = new AbortController()
  const input = { enter: gates.path('in'), notes: gates.path('notes'), after: 'end' as const }
  const heeding = pool.apply(limits.heed, [input], { signal: controller.signal })
  await gates.passed('in')
  const big = Array.from({ length: 400 }, (_, i) => 'x'.repeat(1_000 + i))
  const behind = pool.map((text: string) => text.length, big, { chunkSize: 10 })
  const bytes = pool.apply((buffer: Uint8Array) => buffer.length, [new Uint8Array(3_000_000)])
  controller.abort('stop')
  t.is(await reasonOf(heeding), 'stop')
  t.deepEqual(
    await behind,
    big.map((text) => text.length)
  )
  t.is(await bytes, 3_000_000)
  t.is(exits.length, 0)
})
