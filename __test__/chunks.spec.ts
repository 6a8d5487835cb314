import test from 'ava'

import { currentTask, task, type TaskContext, tasks } from '../dist/index.js'
import type * as Jobs from './fixtures/jobs-map.mjs'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { randomNumbers } from './helpers/random.js'
import { within } from './helpers/within.js'

const kinds = new URL('./fixtures/jobs-kinds.mjs', import.meta.url)
const jobs = tasks<typeof Jobs>(new URL('./fixtures/jobs-map.mjs', import.meta.url))

const double = (x: number): number => x * 2
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

test('every way of cutting the input gives the same results', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 3 })
  const items = numbers(101)
  const expected = items.map(double)
  const random = randomNumbers(99)
  const up = (to: number): number => 1 + Math.floor(random() * to)
  for (let round = 0; round < 40; round++) {
    const options = {
      chunkSize: random() < 0.6 ? up(150) : undefined,
      nSplits: random() < 0.5 ? up(150) : undefined,
      maxTasksActive: random() < 0.5 ? up(40) : undefined,
      iterableLength: random() < 0.3 ? 101 + up(50) : undefined,
      orderTasks: random() < 0.3
    }
    const what = JSON.stringify(options)
    for (const input of [items, items.values(), new Set(items)]) {
      t.deepEqual(await within(pool.map(double, input, options), what), expected, what)
    }
    const results: number[] = []
    for await (const result of pool.imap(double, items.values(), options)) results.push(result)
    t.deepEqual(results, expected, what)
  }
})

test('a chunkSize above maxTasksActive is cut to it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const input = async function* (): AsyncGenerator<number> {
    yield* numbers(50)
  }
  for (const maxTasksActive of [1, 3, 50]) {
    const options = { chunkSize: 1_000, maxTasksActive }
    const expected = numbers(50).map(double)
    t.deepEqual(await within(pool.map(double, numbers(50), options), 'an array'), expected)
    t.deepEqual(await within(pool.map(double, input(), options), 'an asynchronous input'), expected)
    t.deepEqual(await within(pool.map(double, numbers(50), { nSplits: 1, maxTasksActive }), 'splits'), expected)
    t.is((await within(pool.imap(double, numbers(50), options).next(), 'an iterator')).value, 0)
  }
})

test('maxTasksActive bounds the tasks that a map has pulled and not done', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  let pulled = 0
  const input = function* (): Generator<{ enter: string; leave: string; value: number }> {
    for (; pulled < 30; pulled++) {
      yield { enter: gates.path(`in ${pulled}`), leave: gates.path(`out ${pulled}`), value: pulled }
    }
  }
  const result = pool.map(jobs.pass, input(), { maxTasksActive: 5, chunkSize: 1 })
  for (let done = 0; done < 30; done++) {
    await gates.passed(`in ${done}`)
    t.true(pulled <= done + 5, `${pulled} pulled while ${done} are done`)
    gates.open(`out ${done}`)
  }
  t.deepEqual(await result, numbers(30))
})

test('chunkSize and nSplits say which tasks travel together; chunkSize wins', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 4 })
  const set = new Set(numbers(10))
  for (const [options, expected] of [
    [{ nSplits: 4 }, [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]],
    [{ nSplits: 3 }, [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]],
    [{ nSplits: 1 }, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    [{ nSplits: 99 }, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]],
    [{ chunkSize: 4, nSplits: 10 }, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]],
    [{ chunkSize: 4, maxTasksActive: 3 }, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]]
  ] as const) {
    for (const input of [numbers(10), set]) {
      const seen = await pool.map(jobs.look, input, { ...options, orderTasks: true })
      const workerIds = seen.map(({ workerId }) => workerId)
      t.deepEqual(workerIds, expected as unknown as number[], JSON.stringify(options))
    }
  }
})

test('orderTasks gives chunk i to worker i mod nJobs, counted anew in each call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 3 })
  for (const chunkSize of [1, 2, 5]) {
    const expected = numbers(22).map((i) => Math.floor(i / chunkSize) % 3)
    const options = { chunkSize, orderTasks: true }
    const seen = await pool.map(jobs.look, numbers(22), options)
    t.deepEqual(
      seen.map(({ workerId }) => workerId),
      expected
    )
    const lazily: number[] = []
    for await (const { workerId } of pool.imap(jobs.look, numbers(22).values(), options)) lazily.push(workerId)
    t.deepEqual(lazily, expected)
  }
})

test('orderTasks holds after a worker was replaced, and with concurrent calls', async (t) => {
  const { pool, nextStart } = watchedPool(t, { nJobs: 2, orderTasks: true, chunkSize: 1 })
  const workersOf = async (): Promise<number[]> =>
    (await pool.map(jobs.look, numbers(9))).map(({ workerId }) => workerId)
  const expected = numbers(9).map((i) => i % 2)
  t.deepEqual(await workersOf(), expected)
  const killed = pool.workers[1]?.pid ?? 0
  const replaced = nextStart()
  process.kill(killed, 'SIGKILL')
  t.deepEqual(await Promise.all([workersOf(), workersOf()]), [expected, expected])
  t.not((await replaced).pid, killed)
})

test('the context has the index of the item, whatever the chunk, and a state that lives as long as its worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const options of [{}, { chunkSize: 1 }, { chunkSize: 7 }, { nSplits: 4 }]) {
    const seen = await pool.map(jobs.look, numbers(40), options)
    t.deepEqual(
      seen.map(({ index }) => index),
      numbers(40)
    )
  }
  t.is((await pool.apply(jobs.look, [undefined])).index, 0)
  const all = await pool.map(jobs.look, numbers(40))
  // 4 calls of 40 tasks and an apply went before, one state for each worker.
  const seenBy = (id: number): number[] => all.filter(({ workerId }) => workerId === id).map(({ seen }) => seen)
  const counts = [0, 1].map((id) => seenBy(id).toSorted((a, b) => a - b))
  for (const own of counts)
    t.deepEqual(
      own,
      own.map((_, place) => (own[0] ?? 0) + place)
    )
  const before = counts.flatMap((own) => (own[0] === undefined ? [] : [own[0]]))
  if (before.length === 2) t.is((before[0] ?? 0) + (before[1] ?? 0), 161)
})

test('without passContext no function receives the context, whatever it declares', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  // This is what uuid.v4 looks like: it writes into what it is given as its second argument.
  const fill = (_options: undefined, bytes?: Record<string, unknown>): unknown =>
    Object.assign(bytes ?? {}, { seen: bytes })
  t.deepEqual(await pool.map(fill, [undefined]), [{ seen: undefined }])
  t.is(await pool.apply(fill, [undefined]).then((made) => (made as { seen: unknown }).seen), undefined)
  // oxlint-disable-next-line prefer-rest-params -- how many arguments came is the question
  const count = function (_item: number): number {
    return arguments.length // oxlint-disable-line prefer-rest-params
  }
  t.deepEqual(await pool.map(count, [1, 2]), [1, 1])
  t.deepEqual(await pool.map((...all: unknown[]) => all.length, [1, 2]), [1, 1])
  t.deepEqual(await pool.map((x: number, y: number = 5) => [x, y], [1]), [[1, 5]])
  t.deepEqual(await pool.map(Math.max, [1, 2]), [1, 2])
  t.is(await pool.apply(Math.max, [1, 2]), 2)
  t.is(await pool.apply(Math.max, []), -Infinity)
  t.deepEqual(await pool.map(Math.atan2 as (x: number) => number, [1]), [Number.NaN])
  t.deepEqual(await pool.map(parseInt as (x: string) => number, ['10', '10', '10']), [10, 10, 10])
})

test('with passContext every function but a native one receives the context as its last argument', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const options = { passContext: true } as const
  const last = (...all: readonly unknown[]): unknown[] => [all.length, (all.at(-1) as TaskContext).index]
  t.deepEqual(await pool.map((x: number, { index }: TaskContext) => x + index, [10, 20], options), [10, 21])
  t.deepEqual(await pool.map(last, ['a', 'b'], options), [[2, 0], [2, 1]]) // prettier-ignore
  t.deepEqual(await pool.map(last, [[1, 2, 3], []], { ...options, spread: true }), [[4, 0], [1, 1]]) // prettier-ignore
  t.deepEqual(await pool.apply(last, [1, 2], options), [3, 0])
  // A default hides the parameter from the function's length.
  const hidden = (x: number, context: TaskContext | null = null): unknown => [x, context?.index]
  t.deepEqual(await pool.map(hidden, [7], options), [[7, 0]])
  // Nothing is padded: the context follows the arguments that were given.
  t.is(await pool.apply((a?: unknown) => typeof a, [], options), 'object')
  for await (const index of pool.imap((_x, context) => context.index, [5], options)) t.is(index, 0)
  t.deepEqual(await pool.mapSettled((_x, { workerId }) => workerId, [5], options), [{ status: 'fulfilled', value: 0 }])
  t.deepEqual(await pool.map(Math.max as (x: number) => number, [1, 2], options), [1, 2])
  t.deepEqual(await pool.map(JSON.stringify as (x: number) => string, [1], options), ['1'])
  t.deepEqual(await pool.map(task<(x: unknown) => unknown>(kinds, 'bound'), [1], options), [[10, 1]])
  for (const passContext of [1, null]) {
    const bad = { passContext } as never
    await t.throwsAsync(pool.map(last, [1], bad), { instanceOf: TypeError, code: 'ERR_POOL_INVALID_OPTION' })
    await t.throwsAsync(pool.apply(last, [1], bad), { instanceOf: TypeError, code: 'ERR_POOL_INVALID_OPTION' })
  }
})

test('passContext of a pool holds for each call that does not set its own', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, passContext: true })
  const count = (...all: readonly unknown[]): number => all.length
  t.deepEqual(await pool.map(count, [1]), [2])
  t.deepEqual(await pool.map(count, [1], { passContext: false }), [1])
  t.is(await pool.apply(count, [1]), 2)
  t.is(await pool.apply(count, [1], { passContext: false }), 1)
})

test('currentTask gives the context anywhere in a task, and nothing outside of one', async (t) => {
  t.is(currentTask(), undefined)
  const { pool } = watchedPool(t, { nJobs: 1 })
  const deep = async (x: number): Promise<unknown[]> => {
    const before = currentTask()
    const inner = (): number | undefined => currentTask()?.index
    await new Promise((resolve) => setTimeout(resolve, 1))
    return [x, before?.index, inner(), currentTask() === before, currentTask()?.signal.aborted]
  }
  t.deepEqual(await pool.map(deep, [5, 6], { chunkSize: 2 }), [[5, 0, 0, true, false], [6, 1, 1, true, false]]) // prettier-ignore
  t.true(await pool.apply((context: TaskContext) => currentTask() === context, [], { passContext: true }))
  // A timer that a task leaves behind runs while there is no task.
  const leave = (): void => {
    setTimeout(() => Reflect.set(globalThis, 'seenLater', [currentTask()]), 1)
  }
  await pool.apply(leave)
  const read = (): unknown => Reflect.get(globalThis, 'seenLater')
  for (;;) {
    const seen = await pool.apply(read)
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (seen === undefined) continue
    t.deepEqual(seen, [undefined])
    break
  }
  t.deepEqual(await pool.map(task<(x: number) => unknown>(kinds, 'whileLoaded'), [1]), [['undefined', 0]])
})

test('spread makes the arguments of an array item; the context follows them', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const items = [
    [1, 2],
    [3, 4]
  ] as [number, number][]
  t.deepEqual(await pool.map((a: number, b: number) => a - b, items, { spread: true }), [-1, -1])
  const withContext = (a: number, b: number, context: TaskContext): number[] => [a, b, context.index]
  t.deepEqual(await pool.map(withContext, items, { spread: true, passContext: true }), [
    [1, 2, 0],
    [3, 4, 1]
  ])
  t.deepEqual(await pool.map(Math.max, new Map(items), { spread: true }), [2, 4])
  t.deepEqual(await pool.map((...all: unknown[]) => all.length, [[], [1], [1, 2, 3]], { spread: true }), [0, 1, 3])
  // As in MPIRE, an item that is no list is the argument.
  t.deepEqual(await pool.map((a: unknown) => a, ['ab', { c: 1 }] as never, { spread: true }), ['ab', { c: 1 }])
  t.deepEqual(await pool.map((a: unknown) => a, [[1, 2]]), [[1, 2]])
  const settled = await pool.mapSettled((a: number, b: number) => a * b, items, { spread: true })
  t.deepEqual(settled, [
    { status: 'fulfilled', value: 2 },
    { status: 'fulfilled', value: 12 }
  ])
})

test("the pool's options are defaults; the options of a call win, and undefined counts as absent", async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, spread: true, orderTasks: true, chunkSize: 3, iterableLength: 6 })
  const pairs = numbers(20).map((i) => [i, i] as [number, number])
  t.deepEqual(await pool.map((a: number, b: number) => a + b, pairs, { spread: true }), [0, 2, 4, 6, 8, 10])
  const options = { iterableLength: 20, chunkSize: undefined, spread: false } as const
  const seen = await pool.map(jobs.look, pairs, options)
  t.deepEqual(
    seen.map(({ workerId }) => workerId),
    numbers(20).map((i) => Math.floor(i / 3) % 2)
  )
})
