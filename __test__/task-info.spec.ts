import test from 'ava'

import { BatchResultError, NotSerializableError, taskInfo, TaskTimeoutError, WorkerDiedError } from '../dist/index.js'
import { longEnough } from './helpers/limits.js'
import { watchedPool } from './helpers/pools.js'
import { scratch } from './helpers/scratch.js'

const isSeven = (x: { n: number }): number => {
  const { n } = x
  // The item is told as it was sent.
  x.n = -1
  if (n === 7) throw Object.freeze(new RangeError('seven'))
  return n
}
const items = Array.from({ length: 20 }, (_, n) => ({ n }))

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was fulfilled')
}

test('an error that a task threw names its item, worker and attempt', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const wanted = (pid: number, index = 7): object => ({ index, item: '{ n: 7 }', workerId: 0, pid, attempt: 1 })
  for (const options of [{}, { chunkSize: 1 }, { chunkSize: 5 }, { taskTimeout: 10_000, chunkSize: 20 }]) {
    const error = await t.throwsAsync(pool.map(isSeven, items, options), { instanceOf: RangeError })
    t.deepEqual(taskInfo(error), wanted(pool.workers[0]?.pid ?? -1))
    t.deepEqual(Object.keys(error), [])
    t.regex(
      error.stack ?? '',
      /^RangeError: seven\n {4}at isSeven [^]*\n {4}at item 7 of pool\.map\n[^]*task-info\.spec/
    )
  }
  const pid = pool.workers[0]?.pid ?? -1
  const results = pool.imapUnordered(isSeven, [{ n: 7 }])
  const thrown = await t.throwsAsync(results.next())
  t.deepEqual(taskInfo(thrown), wanted(pid, 0))
  t.regex(thrown.stack ?? '', /\n {4}at item 0 of pool\.imapUnordered\n/)
  for (const chunkSize of [1, 20]) {
    const outcomes = await pool.mapSettled(isSeven, items, { chunkSize })
    t.deepEqual(taskInfo((outcomes[7] as PromiseRejectedResult).reason), wanted(pid))
  }
})

test('a rejected promise, an object and an error that nobody handled name their task too', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const rejects = async (x: number): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (x === 2) throw new Error('late')
    return x
  }
  const late = await t.throwsAsync(pool.map(rejects, [0, 1, 2, 3], { chunkSize: 4 }))
  t.like(taskInfo(late), { index: 2, item: '2' })
  const object: unknown = await reasonOf(pool.map((code: number) => Promise.reject({ code }), [5]))
  t.deepEqual(object, { code: 5 })
  t.is(taskInfo(object)?.item, '5')
  const stray = (x: string): Promise<never> => new Promise(() => setTimeout(() => { throw new Error(x) })) // prettier-ignore
  t.is(taskInfo(await t.throwsAsync(pool.map(stray, ['stray']), { message: 'stray' }))?.item, "'stray'")
})

test('of apply the arguments are told, and its stack says so', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const fail = (a: number, b: string): never => { throw new Error(`${a}${b}`) } // prettier-ignore
  const error = await t.throwsAsync(pool.apply(fail, [1, 'b']))
  t.like(taskInfo(error), { index: 0, item: "(1, 'b')", attempt: 1 })
  t.regex(error.stack ?? '', /\n {4}at the task of pool\.apply\n[^]*task-info\.spec/)
  const spread = await t.throwsAsync(pool.map(fail, [[1, 'b']] as const, { spread: true }))
  t.is(taskInfo(spread)?.item, "[ 1, 'b' ]")
})

test('the text of an item has one line and at most 200 characters', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const fail = (): never => { throw new Error('failed') } // prettier-ignore
  const large = { a: 'x'.repeat(5_000_000), b: ['y\n'.repeat(60), 'z'.repeat(60)], c: Array.from({ length: 99 }), d: 1 }
  const wide = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`key${n}`, { n }]))
  for (const item of [large, wide, 'w'.repeat(1000), new Map([[wide, large]])]) {
    const text = taskInfo(await reasonOf(pool.apply(fail, [item])))?.item ?? ''
    t.true(text.length <= 200 && text.length > 60, text)
    t.notRegex(text, /\n/)
    const mapped = taskInfo(await reasonOf(pool.map(fail, [item])))?.item ?? ''
    t.is(mapped.slice(0, 50), text.slice(1, 51))
  }
})

test('primitives, values without a task, and errors that several tasks share have no task', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  for (const thrown of [undefined, null, 0, 'text', true, 5n]) {
    const reason = await reasonOf(pool.map((x: unknown) => { throw x }, [thrown])) // prettier-ignore
    t.is(reason, thrown)
    t.is(taskInfo(reason), undefined)
  }
  for (const value of [undefined, null, 1, 'x', Symbol('x'), new Error('own'), {}, () => 1]) {
    t.is(taskInfo(value), undefined)
  }
  const reason = new Error('enough')
  const controller = new AbortController()
  const hang = (): Promise<never> => new Promise(() => setTimeout(() => undefined, 1e6))
  const aborted = reasonOf(pool.map(hang, [1, 2], { signal: controller.signal }))
  controller.abort(reason)
  t.is(await aborted, reason)
  t.is(taskInfo(reason), undefined)
  const unsent = await reasonOf(pool.map(hang, [() => 1] as never))
  t.true(unsent instanceof NotSerializableError)
  t.is(taskInfo(unsent), undefined)
  const input: Iterable<number> = { [Symbol.iterator]: () => { throw reason } } // prettier-ignore
  t.is(await reasonOf(pool.map(hang, input)), reason)
  t.is(taskInfo(reason), undefined)
  const open = [pool.apply(hang), pool.map(hang, [1])].map(reasonOf)
  await pool.terminate()
  for (const error of await Promise.all(open)) t.is(taskInfo(error), undefined)
})

test('a death names the task that ran, and the attempts before it', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const die = (x: { n: number }): number => (x.n === 2 ? process.exit(3) : x.n)
  const pairs = [{ n: 1 }, { n: 2 }]
  for (const chunkSize of [1, 2]) {
    const died = await t.throwsAsync(pool.map(die, pairs, { chunkSize, retries: 2 }), { instanceOf: WorkerDiedError })
    t.deepEqual(taskInfo(died), { index: 1, item: '{ n: 2 }', workerId: 0, pid: died.pid, attempt: 3 })
    const told = (died.attempts ?? []).map((error) => [taskInfo(error)?.attempt, taskInfo(error)?.item])
    t.deepEqual(told, [[1, '{ n: 2 }'], [2, '{ n: 2 }']]) // prettier-ignore
  }
  const applied = await t.throwsAsync(pool.apply(die, [{ n: 2 }]), { instanceOf: WorkerDiedError })
  t.like(taskInfo(applied), { index: 0, item: '({ n: 2 })', pid: applied.pid })
  const large = await t.throwsAsync(pool.map((x: string) => process.exit(x.length), ['x'.repeat(1_000_000)]))
  t.is(taskInfo(large)?.item?.length, 88)
  const outcomes = await pool.mapSettled(die, [{ n: 2 }, { n: 3 }, { n: 2 }], { chunkSize: 3 })
  t.deepEqual(outcomes.map((each) => taskInfo((each as PromiseRejectedResult).reason)?.index), [0, undefined, 2]) // prettier-ignore
})

test('a timeout names the item', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const spin = (x: string): string => {
    for (;;) if (x !== 'slow') return x
  }
  const inputs = ['a', 'b', 'slow', 'c']
  for (const chunkSize of [1, 4]) {
    const late = await t.throwsAsync(pool.map(spin, inputs, { chunkSize, taskTimeout: 800, retries: 1 }), {
      instanceOf: TaskTimeoutError
    })
    t.deepEqual(taskInfo(late), { index: 2, item: "'slow'", workerId: 0, pid: late.pid, attempt: 2 })
    t.like(taskInfo(late.attempts?.[0]), { index: 2, item: "'slow'", attempt: 1 })
  }
  const applied = await t.throwsAsync(pool.apply(spin, ['slow'], { taskTimeout: 100 }))
  t.like(taskInfo(applied), { index: 0, item: "('slow')", attempt: 1 })
})

test('a task that throws in a later attempt says which one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const flag = `${scratch(t, { flag: '' })}/flag`
  const fail = async (path: string): Promise<never> => {
    const { appendFileSync, readFileSync } = await import('node:fs')
    appendFileSync(path, 'x')
    if (readFileSync(path).length < 3) process.kill(process.pid, 'SIGKILL')
    throw new Error('third')
  }
  const error = await t.throwsAsync(pool.map(fail, [flag], { retries: 5 }), { message: 'third' })
  t.like(taskInfo(error), { index: 0, attempt: 3 })
})

test('a batch is one task, with the index of its first item and their number', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const fail = (xs: number[]): number[] => {
    if (xs.includes(5)) throw new Error('five')
    if (xs.includes(8)) return []
    if (xs.includes(11)) process.exit(1)
    return xs
  }
  const inputs = Array.from({ length: 14 }, (_, n) => n)
  for (const chunkSize of [1, 5]) {
    const outcomes = await pool.mapSettled(fail, inputs, { batch: 3, chunkSize })
    const reasons = outcomes.map((each) => (each as PromiseRejectedResult).reason as Error | undefined)
    t.is(reasons[3], reasons[5])
    t.like(taskInfo(reasons[4]), { index: 3, count: 3, item: '[ 3, 4, 5 ]', attempt: 1 })
    t.regex(reasons[4]?.stack ?? '', /\n {4}at items 3 to 5 of pool\.mapSettled\n/)
    t.true(reasons[8] instanceof BatchResultError)
    t.like(taskInfo(reasons[8]), { index: 6, count: 3 })
    t.true(reasons[10] instanceof WorkerDiedError)
    t.like(taskInfo(reasons[10]), { index: 9, count: 3, item: '[ 9, 10, 11 ]' })
    t.is(reasons[13], undefined)
  }
  const last = await t.throwsAsync(pool.map(() => { throw new Error('last') }, [1, 2, 3], { batch: 2, chunkSize: 1 })) // prettier-ignore
  t.like(taskInfo(last), { index: 0, count: 2 })
  const alone = await t.throwsAsync(pool.map(() => { throw new Error('one') }, [1], { batch: 2 })) // prettier-ignore
  t.like(taskInfo(alone), { index: 0, count: 1 })
  t.regex(alone.stack ?? '', /\n {4}at item 0 of pool\.map\n/)
})

test('errors of the library about a task name it: its function, its result', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const unsent = await t.throwsAsync(
    pool.map((x: number) => () => x, [1]),
    { instanceOf: NotSerializableError }
  )
  t.like(taskInfo(unsent), { index: 0, item: '1', attempt: 1 })
  const hangs = 'await new Promise(() => setTimeout(() => {}, 1e6)); export default () => 1'
  const directory = scratch(t, { 'hangs.mjs': hangs })
  const late = await longEnough(
    [2_500, 15_000, 60_000],
    async (workerStartTimeout) => {
      const slow = watchedPool(t, { nJobs: 1, workerStartTimeout })
      return reasonOf(slow.pool.map(new URL(`file://${directory}/hangs.mjs`), ['a']))
    },
    (reason) => taskInfo(reason) !== undefined
  )
  t.like(taskInfo(late), { index: 0, item: "'a'", workerId: 0, attempt: 1 })
})

test('an error that went through another pool has the task of this one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, daemon: false })
  const nested = async (url: string): Promise<unknown> => {
    const { taskInfo: info, WorkerPool } = (await import(url)) as typeof import('../dist/index.js')
    const inner = new WorkerPool({ nJobs: 1 })
    try {
      await inner.map((x: number) => { throw new Error(`${x}`) }, [3], { chunkSize: 1 }) // prettier-ignore
    } catch (error) {
      if (info(error)?.item === '3') throw error
    } finally {
      await inner.terminate()
    }
    return undefined
  }
  const url = new URL('../dist/index.js', import.meta.url).href
  const error = await t.throwsAsync(pool.map(nested, [url]), { message: '3' })
  t.is(taskInfo(error)?.item, `'${url.slice(0, 60)}'${url.length > 60 ? `... ${url.length - 60} more characters` : ''}`)
})
