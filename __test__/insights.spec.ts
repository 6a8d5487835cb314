import test from 'ava'

import { type Insights, type SlowTask, taskInfo, type WorkerPool } from '../dist/index.js'
import { testBoth } from './helpers/both.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { PACKAGE, runNode, scratch } from './helpers/scratch.js'

const MEBIBYTE = 2 ** 20
const count = (length: number): number[] => Array.from({ length }, (_, n) => n)
const sumOf = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
const same = <T>(x: T): T => x

/** Spins for so many milliseconds and returns for how long it has in fact. */
function spin(ms: number): number {
  const begun = performance.now()
  for (;;) {
    const elapsed = performance.now() - begun
    if (elapsed >= ms) return elapsed
  }
}

/** A task that runs until the gate is open. */
async function waitFor(gate: string): Promise<void> {
  const { existsSync } = await import('node:fs')
  while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** What holds for all insights. */
function problems(insights: Insights): readonly string[] {
  const { workers, taskTime, queueTime, slowestTasks } = insights
  const parts = ['startUpTime', 'initTime', 'waitingTime', 'workingTime', 'exitTime'] as const
  const near = (one: number, other: number): boolean => Math.abs(one - other) <= 1e-6 * Math.max(1, Math.abs(other))
  const found: Record<string, boolean> = {
    'the workers add up to the tasks': insights.tasks === sumOf(workers.map(({ tasks }) => tasks)),
    'the workers add up to the failed tasks': insights.failed === sumOf(workers.map(({ failed }) => failed)),
    'each task is in the histogram': taskTime.count === insights.tasks,
    'the parts add up': near(sumOf(parts.map((part) => insights[part].total)), insights.totalTime),
    'the shares add up to 1': insights.totalTime === 0 || near(sumOf(parts.map((part) => insights[part].ratio)), 1),
    'no more slow tasks than tasks': slowestTasks.length === Math.min(insights.tasks, 5),
    'the slowest is first': slowestTasks.every(({ time }, at) => time <= (slowestTasks[at - 1]?.time ?? Infinity)),
    'the slowest is the longest': insights.tasks === 0 || taskTime.max === slowestTasks[0]?.time
  }
  for (const part of parts) {
    const times = workers.map((worker) => worker[part])
    found[`${part} adds up`] = near(sumOf(times), insights[part].total)
    found[`${part} is no less than 0`] = times.every((time) => time >= 0)
  }
  for (const [name, times] of Object.entries({ taskTime, queueTime })) {
    found[`the histogram of ${name} adds up`] = sumOf(times.histogram.map(([, , each]) => each)) === times.count
    const { p50, p90, p99, p999, max } = times
    found[`the percentiles of ${name} grow`] = [p50, p90, p99, p999, max].every((at, n, all) => at >= (all[n - 1] ?? 0))
  }
  return Object.keys(found).filter((name) => found[name] === false)
}

testBoth('every task of every kind of call is counted when the call has ended', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, enableInsights: true })
  const failing = (x: number): number => {
    if (x % 2 === 1) throw new Error('odd')
    return x
  }
  let tasks = 0
  const counted = (more: number, failed: number): void => {
    tasks += more
    const insights = pool.getInsights()
    t.like(insights, { enabled: true, tasks, failed })
    t.deepEqual(problems(insights), [])
  }
  await pool.map(same, count(5_000))
  counted(5_000, 0)
  await pool.map(String, count(300), { chunkSize: 7 })
  counted(300, 0)
  await pool.mapUnordered((n) => ({ n }), count(300))
  counted(300, 0)
  await pool.map(async (n) => Promise.resolve(n), count(50))
  counted(50, 0)
  await pool.mapSettled(failing, count(40))
  counted(40, 20)
  for await (const _ of pool.imap(same, count(30)));
  counted(30, 20)
  await pool.apply(same, ['a'])
  counted(1, 20)
  await t.throwsAsync(pool.apply(failing, [1]), { message: 'odd' })
  counted(1, 21)
  await pool.warm(spin)
  counted(0, 21)
})

testBoth('the slowest tasks are those that ran longest, with their items', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, enableInsights: true })
  const own = await pool.map(spin, [1, 0, 6, 0, 0, 4, 0, 5, 0, 3, 2, 0, 0, 0], { chunkSize: 2 })
  const insights = pool.getInsights()
  t.deepEqual(problems(insights), [])
  const { slowestTasks } = insights
  const slow = new Map(slowestTasks.map((task) => [task.index, task]))
  for (const [index, time] of own.entries()) {
    const task = slow.get(index)
    // A task that is not among them took no longer than the fifth.
    if (task === undefined) t.true(time <= (slowestTasks[4]?.time ?? 0), `item ${index}`)
    else t.true(task.time >= time, `item ${index}`)
  }
  t.is(slow.get(2)?.item ?? '6', '6')
  t.true(insights.workingTime.total >= sumOf(own))
  t.true(insights.taskTime.mean >= sumOf(own) / own.length)
})

testBoth('the item of a slow task is text of at most 200 characters', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true })
  const itemOf = async (call: () => Promise<unknown>): Promise<SlowTask | undefined> => {
    pool.resetInsights()
    await call()
    return pool.getInsights().slowestTasks[0]
  }
  t.like(await itemOf(() => pool.map(same, [{ name: 'ä€😀' }])), {
    index: 0,
    count: undefined,
    item: "{ name: 'ä€😀' }"
  })
  t.is((await itemOf(() => pool.map(same, ['€'.repeat(1_000)])))?.item.slice(0, 20), `'${'€'.repeat(19)}`)
  const wide = await itemOf(() => pool.apply((...args: unknown[]) => args.length, Array(30).fill('€'.repeat(50))))
  t.is(wide?.item.length, 200)
  t.true(wide?.item.startsWith("('€€"))
  t.like(await itemOf(() => pool.map((batch: number[]) => batch, count(10), { batch: 10 })), { index: 0, count: 10 })
})

testBoth('a batch is one task', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, enableInsights: true })
  await pool.map((batch: number[]) => batch, count(100), { batch: 10 })
  t.is(pool.getInsights().tasks, 10)
  t.deepEqual(problems(pool.getInsights()), [])
})

testBoth('resetInsights begins again, and what was slow before is forgotten', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true })
  await pool.map(spin, [5, 5, 5, 5, 5, 5])
  pool.resetInsights()
  const none = pool.getInsights()
  t.like(none, { enabled: true, tasks: 0, failed: 0 })
  t.deepEqual(problems(none), [])
  t.is(none.workers.length, 1)
  await pool.map(same, ['a', 'b', 'c', 'd', 'e'])
  const after = pool.getInsights()
  t.is(after.tasks, 5)
  t.deepEqual(problems(after), [])
  t.deepEqual(after.slowestTasks.map(({ item }) => item).toSorted(), ["'a'", "'b'", "'c'", "'d'", "'e'"])
})

test('the times of a running task count while it runs', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true })
  const waiting = pool.apply(waitFor, [gates.path('go')])
  const working = (): number => pool.getInsights().workingTime.total
  await until(
    () => working() > 20,
    () => `the running task has no time: ${working()}`
  )
  t.is(pool.getInsights().tasks, 0)
  gates.open('go')
  await waiting
  t.is(pool.getInsights().tasks, 1)
  t.true(pool.getInsights().taskTime.max > 20)
})

test('what a chunk waits behind another one is its time in the queue', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true })
  const first = pool.apply(waitFor, [gates.path('go')])
  const second = pool.apply(same, [1])
  const waited = spin(30)
  gates.open('go')
  await Promise.all([first, second])
  const { queueTime } = pool.getInsights()
  t.is(queueTime.count, 2)
  t.true(queueTime.max >= waited * 0.95, `${queueTime.max} of ${waited}`)
})

test('setting up and leaving have times of their own', async (t) => {
  const { pool } = watchedPool(t, {
    nJobs: 2,
    enableInsights: true,
    workerInit: () => void spin(20),
    workerExit: () => void spin(20)
  })
  await pool.map(same, count(100), { orderTasks: true, chunkSize: 1 })
  await pool.stopAndJoin()
  const { workers } = pool.getInsights()
  t.is(workers.length, 2)
  for (const { startUpTime, initTime, exitTime, processes } of workers) {
    t.true(startUpTime > 0 && initTime >= 20 && exitTime >= 20, `${startUpTime}, ${initTime}, ${exitTime}`)
    t.is(processes, 1)
  }
  t.deepEqual(problems(pool.getInsights()), [])
})

test('bytes, memory and CPU time of a worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true })
  const use = (bytes: Uint8Array): Uint8Array => {
    const used = Buffer.alloc(200 * 2 ** 20, 1)
    for (let round = 0; round < 100; round++) used[round] = round
    return bytes
  }
  await pool.apply(use, [new Uint8Array(MEBIBYTE)])
  await pool.apply(same, ['x'.repeat(5_000)])
  await pool.stopAndJoin()
  const [worker] = pool.getInsights().workers
  const { bytesIn = 0, bytesOut = 0, peakMemory = 0, cpuTime = 0 } = worker ?? {}
  t.true(bytesIn > MEBIBYTE + 5_000 && bytesIn < 2 * MEBIBYTE, `${bytesIn} bytes in`)
  t.true(bytesOut > MEBIBYTE + 5_000 && bytesOut < 2 * MEBIBYTE, `${bytesOut} bytes out`)
  // The memory is free again, or it is not: its peak stays.
  if (process.platform === 'linux') t.true(peakMemory > 200 * MEBIBYTE, `${peakMemory} bytes`)
  t.true(cpuTime > 0)
})

test('what a worker did before it was killed is kept, and its replacement adds to it', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, enableInsights: true })
  const dies = (x: number): number => {
    if (x === 5) process.kill(process.pid, 'SIGKILL')
    return x
  }
  const outcomes = await pool.mapSettled(dies, count(10))
  t.is(outcomes.filter(({ status }) => status === 'rejected').length, 1)
  const insights = pool.getInsights()
  t.is(exits.length, 1)
  t.is(insights.tasks, 9)
  t.is(insights.workers[0]?.processes, 2)
  t.deepEqual(problems(insights), [])
  t.is(taskInfo(outcomes[5]?.status === 'rejected' ? outcomes[5].reason : undefined)?.item, '5')
})

test('the killed task has no count, but its time counts', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true })
  const begin = async (gate: string): Promise<void> => {
    const { writeFileSync } = await import('node:fs')
    writeFileSync(gate, String(process.pid))
    for (;;);
  }
  const late = pool.apply(begin, [gates.path('pid')], { taskTimeout: 200 })
  await t.throwsAsync(late, { code: 'ERR_POOL_TASK_TIMEOUT' })
  const { tasks, workingTime } = pool.getInsights()
  t.is(tasks, 0)
  t.true(workingTime.total >= 150, `${workingTime.total}`)
})

test('each attempt that has ended counts', async (t) => {
  const gates = new Gates(t)
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true })
  const onceDead = async (gate: string): Promise<string> => {
    const { existsSync, writeFileSync } = await import('node:fs')
    if (!existsSync(gate)) {
      writeFileSync(gate, '')
      process.kill(process.pid, 'SIGKILL')
    }
    return 'done'
  }
  t.is(await pool.apply(onceDead, [gates.path('died')], { retries: 1 }), 'done')
  t.like(pool.getInsights(), { tasks: 1, failed: 0, workers: [{ processes: 2 }] })
})

test('processes that follow each other fast are all counted', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, enableInsights: true, workerLifespan: 1 })
  await pool.map(same, count(14), { chunkSize: 1 })
  await pool.stopAndJoin()
  const insights = pool.getInsights()
  t.is(insights.tasks, 14)
  // A process that started while the pool closed may have run no task.
  t.true(sumOf(insights.workers.map(({ processes }) => processes)) >= 14)
  t.deepEqual(problems(insights), [])
})

test('a pool that grows and shrinks has insights of all its workers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true })
  const onEach = async (n: number): Promise<void> =>
    void (await pool.map(same, count(n), { orderTasks: true, chunkSize: 1 }))
  let tasks = 0
  for (const size of [1, 5, 2, 9]) {
    await pool.resize(size)
    await onEach(size)
    tasks += size
    const insights = pool.getInsights()
    t.is(insights.tasks, tasks)
    t.deepEqual(problems(insights), [])
  }
  t.deepEqual(pool.getInsights().workers.map(({ id }) => id), count(9)) // prettier-ignore
  pool.resetInsights()
  await onEach(9)
  t.is(pool.getInsights().tasks, 9)
  t.is(pool.getInsights().slowestTasks.length, 5)
})

test('recycled workers add to their ids', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true })
  await pool.map(same, count(10))
  await pool.recycle()
  await pool.map(same, count(10))
  t.like(pool.getInsights(), { tasks: 20, workers: [{ id: 0, processes: 2, tasks: 20 }] })
})

test('insights stay readable after terminate, and do not change any more', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, enableInsights: true })
  await pool.map(same, count(100))
  const open = pool.mapSettled(spin, [1e9, 1e9], { chunkSize: 1 })
  await until(
    () => pool.stats.running === 2,
    () => 'the tasks do not begin'
  )
  await pool.terminate()
  await t.throwsAsync(open)
  const insights = pool.getInsights()
  t.is(insights.tasks, 100)
  t.deepEqual(problems(insights), [])
  await new Promise((resolve) => setTimeout(resolve, 5))
  t.deepEqual(pool.getInsights(), insights)
})

testBoth('without enableInsights there is nothing to see, and nothing goes wrong', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  await pool.map(same, count(10))
  pool.resetInsights()
  const insights = pool.getInsights()
  t.like(insights, { enabled: false, tasks: 0, totalTime: 0, workers: [], slowestTasks: [] })
  t.like(insights.taskTime, { count: 0, mean: 0, p50: 0, p999: 0, max: 0, histogram: [] })
  t.deepEqual(problems(insights), [])
})

test('a pool that has started no worker has no figures yet', (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, enableInsights: true })
  t.like(pool.getInsights(), { enabled: true, tasks: 0, workers: [] })
  t.deepEqual(pool.workers, [])
})

testBoth('values and errors are the same with insights', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2, enableInsights: true })
  const items = [-0, 'text', [1, undefined], new Map([[1, new Set([2])]]), Buffer.from('abc'), new Error('kept')]
  t.deepEqual(await pool.map(same, items), items)
  t.deepEqual(await pool.map((a: number, b: number) => a - b, [[3, 1], [5, 2]], { spread: true }), [2, 3]) // prettier-ignore
  const seen = await pool.map((_, { index }) => index, count(100), { passContext: true, chunkSize: 9 })
  t.deepEqual(seen, count(100))
  const floats = count(1_000).map((n) => n / 7)
  t.deepEqual(await pool.map(same, floats), floats)
  const parts = await pool.map((part: Float64Array) => part.length, new Float64Array(1_000), {
    slices: true,
    chunkSize: 300
  })
  t.deepEqual(parts, [300, 300, 300, 100])
  const large = new Uint8Array(200_000).fill(7)
  t.deepEqual(await pool.apply(same, [large]), large)
  const error = await t.throwsAsync(pool.map((x: number) => [1, 2][x]?.toFixed(), count(50).map((n) => n - 9).map((n) => (n === 30 ? (Symbol.iterator as never) : n)))) // prettier-ignore
  t.is(Reflect.get(error, 'path'), 'items[39]')
})

test('a pool in a worker has insights of its own', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, enableInsights: true, daemon: false })
  const nested = async (url: string): Promise<number> => {
    const { WorkerPool: Inner } = (await import(url)) as { WorkerPool: typeof WorkerPool }
    const inner = new Inner({ nJobs: 1, enableInsights: true })
    await inner.map((x: number) => x, [1, 2, 3])
    await inner.stopAndJoin()
    return inner.getInsights().tasks
  }
  t.is(await pool.apply(nested, [PACKAGE]), 3)
  t.is(pool.getInsights().tasks, 1)
})

test('printInsights writes tables, a histogram and the slowest tasks, or that there are none', async (t) => {
  const directory = scratch(t, {
    'prints.mjs': `
      import { WorkerPool } from '${PACKAGE}'
      const pool = new WorkerPool({ nJobs: 2, enableInsights: true })
      await pool.map((x) => ({ x }), [{ city: 'Ulm' }, { city: 'Bonn' }])
      pool.printInsights()
      await pool.stopAndJoin()
      const other = new WorkerPool({ nJobs: 1 })
      other.printInsights()`
  })
  const { lines, stderr } = await runNode(t, directory, ['prints.mjs'])
  const stdout = lines.join('\n')
  t.is(stderr, '')
  t.regex(stdout, /^2 tasks \(0 failed\), [12] workers?, /)
  for (const part of ['start-up', 'init', 'waiting', 'working', 'exit']) {
    t.regex(stdout, new RegExp(`^${part} +\\d.* %`, 'm'))
  }
  t.regex(stdout, /^worker +tasks +failed/m)
  t.regex(stdout, /^a task ran +2 /m)
  t.regex(stdout, /from +[\d.]+ .s  █+ [12]$/m)
  t.regex(stdout, /item [01]: \{ city: 'Ulm' \} \(worker [01]\)/)
  t.regex(stdout, /No insights: make the pool with enableInsights: true\.$/)
})

test('printInsights to a reader that is gone is no error', async (t) => {
  const directory = scratch(t, {
    'unread.mjs': `
      import { spawn } from 'node:child_process'
      import { once } from 'node:events'
      if (process.argv[2] === undefined) {
        const child = spawn(process.execPath, [process.argv[1], 'prints'], { stdio: ['pipe', 'pipe', 'inherit'] })
        child.stdout.destroy()
        await once(child.stdout, 'close')
        child.stdin.end()
        console.log(await once(child, 'exit'))
      } else {
        process.stdin.resume()
        await once(process.stdin, 'end')
        const { WorkerPool } = await import('${PACKAGE}')
        const pool = new WorkerPool({ nJobs: 1 })
        pool.printInsights()
        setTimeout(() => pool.printInsights(), 10)
      }`
  })
  t.deepEqual(await runNode(t, directory, ['unread.mjs']), { lines: ['[ 0, null ]'], stderr: '' })
})
