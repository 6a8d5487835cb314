import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import test from 'ava'

import { WorkerPool } from '../dist/index.js'
import { KILLED } from './helpers/deaths.js'
import { Gates } from './helpers/gates.js'
import { terminated, watchedPool } from './helpers/pools.js'
import { PACKAGE, runNode, scratch } from './helpers/scratch.js'
import { ended, fileOf, problems, read, tasksOf, type TraceEvent } from './helpers/traces.js'

const count = (length: number): number[] => Array.from({ length }, (_, n) => n)

/** A task that runs until the gate is open. */
async function waitFor(gate: string): Promise<void> {
  const { existsSync: exists } = await import('node:fs')
  while (!exists(gate)) await new Promise((resolve) => setTimeout(resolve, 1))
}

test('every task of every kind of call is there once, within its chunk, and nothing overlaps', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, enableInsights: true })
  const trace = await pool.trace(fileOf(t))
  await pool.warm()
  const failing = (x: number): number => {
    if (x % 2 === 1) throw new Error('odd')
    return x
  }
  const ones = (x: number): number => x
  await pool.map(ones, count(300), { chunkSize: 1 })
  const numbers = (x: number): number => x * 2
  await pool.map(numbers, count(2_000))
  const objects = (item: { n: number }): { n: number } => item
  await pool.map(
    objects,
    count(500).map((n) => ({ n }))
  )
  const waiting = async (x: number): Promise<number> => Promise.resolve(x)
  await pool.map(waiting, count(50), { chunkSize: 7 })
  await pool.mapSettled(failing, count(40))
  const batches = (items: readonly number[]): readonly number[] => items
  await pool.map(batches, count(100), { batch: 10, chunkSize: 3 })
  const lazy = (x: number): string => `${x}`
  for await (const text of pool.imap(lazy, count(100))) t.is(typeof text, 'string')
  const once = (x: number): number => x
  for (const n of count(5)) await pool.apply(once, [n])
  // An arrow function that is no variable has no name.
  await pool.apply((x: number) => x, [1])
  await trace.stop()

  const events = read(trace.file)
  t.deepEqual(problems(events), [])
  t.deepEqual(
    events.filter(({ args }) => args['unfinished'] === true),
    []
  )
  const indexes = (name: string): unknown => tasksOf(events, name).map(({ args }) => args['index'])
  const sorted = (name: string): unknown => (indexes(name) as number[]).toSorted((one, other) => one - other)
  t.deepEqual(sorted('ones'), count(300))
  t.deepEqual(sorted('numbers'), count(2_000))
  t.deepEqual(sorted('objects'), count(500))
  t.deepEqual(sorted('waiting'), count(50))
  t.deepEqual(sorted('failing'), count(40))
  const failed = tasksOf(events, 'failing').filter(({ args }) => args['failed'] === true)
  t.deepEqual(
    failed.map(({ args }) => args['index']).toSorted((one, other) => Number(one) - Number(other)),
    count(40).filter((n) => n % 2 === 1)
  )
  t.deepEqual(
    sorted('batches'),
    count(10).map((n) => n * 10)
  )
  t.true(tasksOf(events, 'batches').every(({ args }) => args['count'] === 10))
  t.deepEqual(sorted('lazy'), count(100))
  t.deepEqual(indexes('once'), [0, 0, 0, 0, 0])
  t.is(tasksOf(events, 'task').length, 1)
  t.is(pool.getInsights().tasks, 2_000 + 300 + 500 + 50 + 40 + 10 + 100 + 6)
  const titles = events.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args['name']])
  t.deepEqual(titles, [
    [0, 'worker 0'],
    [1, 'worker 1']
  ])
  t.is(events.filter(({ name }) => name === 'worker start').length, 2)
})

test('a trace begins on workers that live, ends while they do, and another one follows', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true })
  const before = (x: number): number => x
  const bytesOf = async (): Promise<number> => {
    const { bytesIn = 0 } = pool.getInsights().workers[0] ?? {}
    await pool.map(before, count(10), { chunkSize: 1 })
    return (pool.getInsights().workers[0]?.bytesIn ?? 0) - bytesIn
  }
  // The first one sends the function as well.
  await bytesOf()
  const bytes = await bytesOf()
  const one = await pool.trace(pathToFileURL(fileOf(t, 'one.json')))
  t.is(await bytesOf(), bytes + 10 * 32)
  await one.stop()
  t.is(await bytesOf(), bytes, 'without a trace, chunks are as before')
  const second = await pool.trace(fileOf(t, 'two.json'))
  const during = (x: number): number => x
  await pool.map(during, count(20))
  await second[Symbol.asyncDispose]()
  await second.stop()
  const first = read(one.file)
  t.is(tasksOf(first, 'before').length, 10)
  t.is(first.filter(({ name }) => name === 'worker start').length, 0)
  const events = read(second.file)
  t.is(tasksOf(events, 'before').length, 0)
  t.is(tasksOf(events, 'during').length, 20)
  t.deepEqual([...problems(first), ...problems(events)], [])
})

test('what sets a worker up is there, also if it fails', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const trace = await pool.trace(fileOf(t))
  const same = (x: number): number => x
  await pool.map(same, [1, 2], { workerInit: () => undefined })
  const failing = (): void => {
    throw new Error('no')
  }
  await t.throwsAsync(pool.map(same, [1], { workerInit: failing }), { code: 'ERR_POOL_WORKER_INIT' })
  await pool.warm((x: number) => x + 1)
  await trace.stop()
  const events = read(trace.file)
  t.deepEqual(problems(events), [])
  t.deepEqual(
    ended(events, 'init').map(({ args }) => args),
    [{}, { failed: true }]
  )
  t.true(ended(events, 'load').length >= 1)
  t.true(ended(events, 'wait').length >= 1)
  t.is(tasksOf(events, 'same').length, 2)
})

test('a death is there, with the task that it has cut', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const trace = await pool.trace(fileOf(t))
  const deadly = (x: number): number => {
    if (x === 7) process.kill(process.pid, 'SIGKILL')
    return x
  }
  const outcomes = await pool.mapSettled(deadly, [1, 7, 2], { chunkSize: 3 })
  t.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled']
  )
  await pool.stopAndJoin()
  const events = read(trace.file)
  t.deepEqual(problems(events), [])
  const [cut, ...others] = tasksOf(events, 'deadly').filter(({ args }) => args['died'] === true)
  t.deepEqual([cut?.args, others], [{ index: 1, died: true }, []])
  t.deepEqual(tasksOf(events, 'deadly').length, 3)
  const exits = events.filter(({ name }) => name === 'worker exit').map(({ args }) => [args['reason'], args['signal']])
  t.deepEqual(exits, [
    ['died', KILLED.signal],
    ['closed', null]
  ])
})

test('terminate in the middle of tasks ends the file', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const gates = new Gates(t)
  const trace = await pool.trace(fileOf(t))
  const busy = async (file: string): Promise<void> => {
    const { writeFileSync } = await import('node:fs')
    writeFileSync(file, '')
    await new Promise(() => setTimeout(() => undefined, 1_000_000))
  }
  const call = t.throwsAsync(pool.map(busy, [gates.path('a'), gates.path('b'), gates.path('c')], { chunkSize: 1 }))
  await Promise.all([gates.passed('a'), gates.passed('b')])
  const areHeard = await terminated(pool)
  await call
  const events = read(trace.file)
  t.deepEqual(problems(events), [])
  const cut = tasksOf(events, 'busy')
  t.deepEqual(cut.map(({ args }) => args['index']).toSorted(), [0, 1])
  // What goes on in a process whose end nobody hears of ends with the trace.
  const died = cut.filter(({ args }) => args['died'] === true)
  const unfinished = cut.filter(({ args }) => args['unfinished'] === true)
  t.deepEqual([died.length + unfinished.length, areHeard ? unfinished.length : 0], [2, 0])
  t.is(events.filter(({ name }) => name === 'worker exit').length, died.length)
  await trace.stop()
})

test('tasks that run when a trace stops are cut, and go on', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const trace = await pool.trace(fileOf(t))
  const begun = async (file: string, gate: string): Promise<number> => {
    const { existsSync: exists, writeFileSync } = await import('node:fs')
    writeFileSync(file, '')
    while (!exists(gate)) await new Promise((resolve) => setTimeout(resolve, 1))
    return 5
  }
  const call = pool.apply(begun, [gates.path('begun'), gates.path('end')])
  const waits = pool.map(waitFor, [gates.path('end')])
  await gates.passed('begun')
  await trace.stop()
  gates.open('end')
  t.is(await call, 5)
  // Its chunk names a trace that has ended.
  t.deepEqual(await waits, [undefined])
  const events = read(trace.file)
  t.deepEqual(problems(events), [])
  t.deepEqual(
    tasksOf(events, 'begun').map(({ args }) => args),
    [{ index: 0, unfinished: true }]
  )
})

test('workers that come by resize have rows, also for chunks that were made before', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gates = new Gates(t)
  const trace = await pool.trace(fileOf(t))
  const meet = async (folder: string, own: string): Promise<void> => {
    const { existsSync: exists, writeFileSync } = await import('node:fs')
    writeFileSync(`${folder}-${own}`, '')
    while (!['a', 'b', 'c'].every((each) => exists(`${folder}-${each}`))) {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const items = ['a', 'b', 'c'].map((own): [string, string] => [gates.path('meet'), own])
  const call = pool.map(meet, items, { spread: true, chunkSize: 1, maxTasksActive: 3 })
  await pool.resize(3)
  await call
  await trace.stop()
  const events = read(trace.file)
  t.deepEqual(problems(events), [])
  t.deepEqual(
    tasksOf(events, 'meet')
      .map(({ tid }) => tid)
      .toSorted(),
    [0, 1, 2]
  )
})

test('bad arguments, a second trace, and pools that cannot be traced', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const invalid = async (file: unknown, message: RegExp, on: WorkerPool = pool): Promise<void> => {
    await t.throwsAsync(on.trace(file as string), { code: 'ERR_POOL_INVALID_OPTION', message })
  }
  for (const file of [undefined, null, 5, {}, Buffer.from('a')]) {
    await t.throwsAsync(pool.trace(file as unknown as string), {
      instanceOf: TypeError,
      message: /^file must be the path/
    })
  }
  await invalid('', /^file must be the path of a file, or a file: URL, got ''$/)
  await invalid('a\0b', /^file must be the path/)
  await invalid(new URL('https://example.com/a'), /^file must be the path/)
  const missing = join(scratch(t, {}), 'nowhere', 'trace.json')
  const error = await t.throwsAsync<NodeJS.ErrnoException>(pool.trace(missing), { code: 'ENOENT' })
  t.true(error?.message.includes(missing))
  const opening = pool.trace(fileOf(t))
  await invalid(fileOf(t, 'other.json'), /^file: this pool already writes a trace, into .*: stop it first, got '/)
  const trace = await opening
  await invalid(fileOf(t, 'other.json'), /already writes a trace/)
  await pool.stopAndJoin()
  t.deepEqual(problems(read(trace.file)), [])
  await t.throwsAsync(pool.trace(fileOf(t)), { code: 'ERR_POOL_CLOSED' })
  const inline = new WorkerPool({ nJobs: 0 })
  await invalid(fileOf(t), /^nJobs: a pool that runs its tasks in this process has no workers to trace, got 0$/, inline)
})

test('a pool that closes while the file is being opened rejects, and ends the file', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const file = fileOf(t)
  const opening = t.throwsAsync(pool.trace(file), { code: 'ERR_POOL_CLOSED' })
  await pool.terminate()
  await opening
  t.deepEqual(problems(read(file)), [])
})

const testFull = existsSync('/dev/full') ? test : test.skip

testFull('a full disk is an error event and a rejection of stop, and the work goes on', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const told = new Promise<Error>((resolve) => pool.on('error', resolve))
  const trace = await pool.trace('/dev/full')
  t.like(await told, { code: 'ENOSPC' })
  t.regex((await told).message, /^the trace cannot be written: \/dev\/full: ENOSPC/)
  const items = count(1_000)
  t.deepEqual(await pool.map((x) => x, items), items)
  await t.throwsAsync(trace.stop(), { code: 'ENOSPC' })
  await t.throwsAsync(trace.stop(), { code: 'ENOSPC' })
  const after = await pool.trace('/dev/full')
  t.deepEqual(await pool.map((x) => x, items), items)
  await pool.stopAndJoin()
  await t.throwsAsync(after.stop(), { code: 'ENOSPC' })
})

test('a program that is killed leaves a file that lacks only its end', async (t) => {
  const program = `
    import { readFileSync } from 'node:fs'
    import { WorkerPool } from '${PACKAGE}'
    const pool = new WorkerPool({ nJobs: 1 })
    await pool.trace('trace.json')
    await pool.map(function job(x) { return x }, [1, 2, 3])
    const look = () => {
      if (readFileSync('trace.json', 'utf8').includes('job')) process.kill(process.pid, 'SIGKILL')
      setTimeout(look, 1)
    }
    look()
  `
  const directory = scratch(t, { 'program.mjs': program })
  await runNode(t, directory, ['program.mjs'])
  const text = readFileSync(join(directory, 'trace.json'), 'utf8')
  const events = JSON.parse(`${text}]`) as readonly TraceEvent[]
  t.true(tasksOf(events, 'job').length > 0)
})
