import { spawnSync } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'

import { task, tasks, WorkerPool } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { childrenOf, descriptors, gone, type Thread, threads, until } from './helpers/processes.js'
import { run } from './helpers/run.js'

const jobs = tasks<typeof import('./fixtures/jobs-worker.mjs')>(new URL('./fixtures/jobs-worker.mjs', import.meta.url))
const wait = task(new URL('./fixtures/jobs-orphans.mjs', import.meta.url), 'wait')
const double = (x: number): number => x * 2

const open: Readonly<Record<string, readonly string[]>> = {
  unused: [],
  used: ['done'],
  pending: ['done'],
  'pending iterator': ['done'],
  closing: ['done'],
  terminating: ['ERR_POOL_TERMINATED', 'done'],
  'abandoned iterator': ['done']
}

for (const [what, lines] of Object.entries(open)) {
  test.serial(`a process ends by itself when its pool is ${what} and nothing is pending`, async (t) => {
    const process = run(t, 'idle-parent.mjs', [what])
    const workers = new Set<number>()
    const look = setInterval(() => childrenOf(process.pid).forEach((pid) => workers.add(pid)), 20)
    const end = await process.end
    clearInterval(look)
    t.deepEqual([end.code, end.signal, end.lines, end.stderr], [0, null, lines, ''])
    await gone(workers)
  })
}

/** Sleeps of each thread, by its id. */
const sleepsOf = (pid: number): ReadonlyMap<number, Thread> =>
  new Map(threads(pid).map((thread) => [thread.id, thread]))

test.serial('nothing wakes up while a pool is idle', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  await pool.map(
    double,
    Array.from({ length: 1000 }, (_, x) => x)
  )
  await pool.map(wait, [20, 20], { chunkSize: 1 })
  await until(
    () => pool.workers.length === 2 && pool.workers.every(({ state }) => state === 'idle'),
    () => 'two workers are idle'
  )
  const workers = pool.workers.map(({ pid }) => pid)
  const ours = (): readonly Thread[] => threads(process.pid).filter(({ name }) => name.startsWith('millrace-'))
  const names = ours().map(({ name }) => name)
  t.true(names.includes('millrace-wait') && names.includes('millrace-spawn'), names.join(' '))
  const looks: number[] = []
  const ownLooks: number[] = []
  // V8 has work of its own for some time after a start: of several looks the quietest one counts.
  for (let look = 0; look < 4 && (looks.at(-1) !== 0 || ownLooks.at(-1) !== 0); look++) {
    const before = [...ours(), ...workers.flatMap((pid) => [...sleepsOf(pid).values()])]
    await sleep(1000)
    const after = new Map([process.pid, ...workers].flatMap((pid) => [...sleepsOf(pid)]))
    const woken = before.filter(({ id, sleeps }) => (after.get(id)?.sleeps ?? sleeps) > sleeps)
    ownLooks.push(woken.filter(({ name }) => name.startsWith('millrace-')).length)
    looks.push(woken.reduce((sum, { id, sleeps }) => sum + (after.get(id)?.sleeps ?? sleeps) - sleeps, 0))
  }
  t.true(ownLooks.includes(0), `threads of the pool and of its workers woke in every look: ${ownLooks.join(', ')}`)
  t.true(Math.min(...looks) <= 2, `all threads of the workers woke so often: ${looks.join(', ')}`)
})

test.serial('descriptors, threads, shared memory and processes do not grow with pools', async (t) => {
  const round = async (count: number): Promise<void> => {
    for (let made = 0; made < count; made++) {
      const pool = new WorkerPool({ nJobs: 1, execArgv: [] })
      const call = pool.apply(double, [made])
      if (made % 2 === 0) {
        t.is(await call, made * 2)
        await pool.stopAndJoin()
      } else {
        const rejected = t.throwsAsync(call, { code: 'ERR_POOL_TERMINATED' })
        await pool.terminate()
        await rejected
      }
    }
  }
  const count = (): readonly number[] => [
    descriptors(process.pid, readlinkSync).size,
    threads(process.pid).length,
    readdirSync('/dev/shm').length,
    childrenOf(process.pid).length
  ]
  await round(4)
  const before = count()
  await round(46)
  const isBack = (): boolean => count().every((value, index) => value <= (before[index] ?? 0))
  await until(isBack, () => `before: ${before.join(' ')}, after: ${count().join(' ')}`)
  t.pass()
})

test.serial('children of tasks, of this process and of other pools inherit no descriptor of a pool', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const isOfPool = (link: string): boolean => /socket:|memfd|eventfd|eventpoll|pidfd/.test(link)
  // A child of a task, started by Node, and one started by a shell that closes nothing.
  const inTask = await pool.apply(jobs.descriptorsOfChild)
  t.true(inTask.length >= 3, inTask.join('\n'))
  // Node gives a child sockets for its own output.
  const isInherited = (line: string): boolean => !/^[012] /.test(line) && isOfPool(line)
  t.deepEqual(inTask.filter(isInherited), [])
  const { stdout } = spawnSync('/bin/ls', ['-l', '/proc/self/fd'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore']
  })
  t.deepEqual(
    stdout.split('\n').filter((line) => isOfPool(line) && / [3-9] ->| \d\d+ ->/.test(line)),
    []
  )

  const worker = pool.workers[0]?.pid ?? 0
  const own = descriptors(worker, readlinkSync)
  const { pool: second } = watchedPool(t, { nJobs: 1 })
  await second.apply(double, [1])
  const other = descriptors(second.workers[0]?.pid ?? 0, readlinkSync)
  // Sockets have numbers: the two have none in common. Both have one control socket, and no memory by descriptor.
  const sockets = (map: ReadonlyMap<number, string>): string[] =>
    [...map.values()].filter((link) => link.startsWith('socket:'))
  t.is(new Set([...sockets(own), ...sockets(other)]).size, sockets(own).length + sockets(other).length)
  t.is(sockets(own).length, 1)
  t.deepEqual(
    [...own.values(), ...other.values()].filter((link) => link.includes('memfd')),
    []
  )
})
