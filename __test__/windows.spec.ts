import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

import test from 'ava'

import { WorkerDiedError, WorkerStartError, availableCpus, task, tasks } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { gone, isAlive, until } from './helpers/processes.js'
import { runNode, scratch } from './helpers/scratch.js'

const windows = process.platform === 'win32' ? test : test.skip
const jobs = tasks<typeof import('./fixtures/jobs-windows.mjs')>(new URL('fixtures/jobs-windows.mjs', import.meta.url))

for (const [way, exitCode] of [
  ['exit 0', 0],
  ['exit 7', 7],
  ['abort', 134],
  // Windows gives a process that is ended no signal, and Node ends itself with this code.
  ['its own kill', 1],
  ['a large code', 0x4000_0001],
  ['-1', 0xffff_ffff],
  ['the code of an access violation', 0xc000_0005]
] as const) {
  windows(`a worker that ends by ${way} fails its running task and no other`, async (t) => {
    const { pool, exits } = watchedPool(t, { nJobs: 2 })
    const items = [0, 1, 2, 3].map((item): [number, string] => [item, way])
    const outcomes = await pool.mapSettled(jobs.endAt, items, { chunkSize: 2 })
    t.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'lost')),
      [0, 'lost', 2, 3]
    )
    const reason: unknown = outcomes[1]?.status === 'rejected' ? outcomes[1].reason : undefined
    t.true(reason instanceof WorkerDiedError)
    t.like(reason, { exitCode, signal: null })
    t.like(exits[0], { exitCode, signal: null })
    t.is(await pool.apply(jobs.endAt, [[5, way]]), 5)
  })
}

windows(
  'a worker that is killed from outside has an exit code; one that the pool kills has a signal, as in Node',
  async (t) => {
    const { pool, exits } = watchedPool(t, { nJobs: 1 })
    process.kill(await pool.apply(jobs.pid), 'SIGKILL')
    const late = await pool.apply(jobs.endAt, [[1, 'spin']], { taskTimeout: 300 }).catch((error: unknown) => error)
    t.like(late, { code: 'ERR_POOL_TASK_TIMEOUT' })
    await pool.apply(jobs.pid)
    t.deepEqual(
      exits.map(({ exitCode, signal }) => [exitCode, signal]),
      [
        [1, null],
        [null, 'SIGKILL']
      ]
    )
  }
)

windows('a worker whose heap is used up says so', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1, execArgv: ['--max-old-space-size=24'] })
  const error = await t.throwsAsync(pool.apply(jobs.endAt, [[1, 'heap']]), { instanceOf: WorkerDiedError })
  t.like(error, { reason: 'heap', exitCode: 134, signal: null })
  t.regex(error?.message ?? '', /JavaScript heap out of memory, limit \d+ MB/)
  t.like(exits[0], { exitCode: 134 })
  t.is(await pool.apply(jobs.endAt, [[2, 'heap']]), 2)
})

for (const way of ['a kill', 'process.exit', 'an uncaught exception', 'an unhandled rejection', 'abort']) {
  windows(`nothing is left of a pool whose process ends by ${way}`, async (t) => {
    const script = fileURLToPath(new URL('fixtures/windows-parent.mjs', import.meta.url))
    const parent = spawn(process.execPath, [script, way], { stdio: ['pipe', 'pipe', 'ignore'] })
    t.teardown(() => parent.kill('SIGKILL'))
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
    const pids = JSON.parse(line) as number[]
    t.is(new Set(pids).size, 6)
    t.true(pids.every(isAlive))
    if (way === 'a kill') parent.kill('SIGKILL')
    else parent.stdin.write('now\n')
    await once(parent, 'exit')
    await gone(pids)
  })
}

windows('what a task has started ends with its worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const children = await pool.apply(jobs.startChildren)
  t.true(children.every((pid) => isAlive(pid ?? 0)))
  process.kill(await pool.apply(jobs.pid), 'SIGKILL')
  await gone(children.map((pid) => pid ?? 0))
  t.is(await pool.apply(jobs.endAt, [[2, 'exit 7']]), 2)
})

windows('each worker is bound to its CPUs, and so is its replacement', async (t) => {
  const cpus = availableCpus()
  const [first = 0, last = 0] = [cpus[0], cpus.at(-1)]
  const { pool } = watchedPool(t, { nJobs: 2, cpuIds: [first, [first, last]], orderTasks: true })
  const wanted = [[first], [...new Set([first, last])]]
  const look = async (): Promise<readonly (readonly number[])[]> => {
    const seen = await pool.map(jobs.where, [0, 1], { chunkSize: 1 })
    return seen.map((each) => each.cpus)
  }
  t.deepEqual(await look(), wanted)
  t.deepEqual(
    pool.workers.map((worker) => worker.cpus),
    wanted
  )
  const pid = pool.workers[0]?.pid ?? 0
  process.kill(pid, 'SIGKILL')
  await gone([pid])
  t.deepEqual(await look(), wanted)
  t.deepEqual(availableCpus(), cpus)
})

windows('spaces, quotes, backslashes and other alphabets arrive in paths, flags and variables', async (t) => {
  const name = "with space 'ä' 漢字 🙂"
  const folder = scratch(t, { [`${name}/job one.mjs`]: 'export const twice = (x) => 2 * x\n' })
  const cwd = join(folder, name)
  const title = 'a "b" \\c\\ \\"d\\\\" é'
  const { pool } = watchedPool(t, {
    nJobs: 1,
    cwd,
    execArgv: [`--title=${title}`],
    env: { MARKED: 'ü = "x" \\', systemroot: process.env['SystemRoot'] ?? '' }
  })
  const found = await pool.apply(jobs.where)
  t.is(found.cwd.toLowerCase(), cwd.toLowerCase())
  t.deepEqual(found.execArgv, [`--title=${title}`])
  t.is(found.marked, 'ü = "x" \\')
  const job = task<(x: number) => number>(pathToFileURL(join(cwd, 'job one.mjs')), 'twice')
  t.deepEqual(await pool.map(job, [1, 2]), [2, 4])
})

windows('an empty environment has what Windows needs', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, env: {} })
  t.is((await pool.apply(jobs.where)).root?.toLowerCase(), process.env['SystemRoot']?.toLowerCase())
})

for (const [what, names] of [
  ['has spaces and other alphabets', ["with space 'ä'", '漢字 🙂 & (b)']],
  ['is longer than 260 characters', ['a'.repeat(100), 'b'.repeat(100), 'c'.repeat(60)]]
] as const) {
  windows(`the package works where its path ${what}`, async (t) => {
    const folder = join(scratch(t, {}), ...names)
    const installed = join(folder, 'node_modules/millrace')
    const root = fileURLToPath(new URL('..', import.meta.url))
    const addons = readdirSync(root).filter((name) => /win32.*\.node$/.test(name))
    const built = ['', 'worker'].flatMap((part) => {
      const files = readdirSync(join(root, 'dist', part), { withFileTypes: true })
      return files.filter((file) => file.isFile()).map(({ name }) => join('dist', part, name))
    })
    mkdirSync(join(installed, 'dist/worker'), { recursive: true })
    // One by one: some versions of Node copy no folder to a path of other alphabets.
    for (const name of ['package.json', ...addons, ...built]) copyFileSync(join(root, name), join(installed, name))
    writeFileSync(join(folder, 'job.mjs'), 'export const twice = (x) => 2 * x\n')
    const program = join(folder, 'program.mjs')
    writeFileSync(
      program,
      `import { task, WorkerPool } from 'millrace'
      const pool = new WorkerPool({ nJobs: 2 })
      const twice = task(new URL('job.mjs', import.meta.url), 'twice')
      console.log(await pool.map(twice, [1, 2]), await pool.map((x) => x + 1, [1, 2], { chunkSize: 1 }))
      await pool.stopAndJoin()\n`
    )
    const { lines, stderr } = await runNode(t, tmpdir(), [program])
    t.deepEqual([lines, stderr], [['[ 2, 4 ] [ 2, 3 ]'], ''])
  })
}

windows('workers start in a folder with a long path, or say that the system has refused it', async (t) => {
  const cwd = join(scratch(t, {}), 'a'.repeat(100), 'b'.repeat(100), 'c'.repeat(100))
  mkdirSync(cwd, { recursive: true })
  const { pool } = watchedPool(t, { nJobs: 1, cwd })
  // Windows itself does so unless long paths are enabled.
  const found = await pool.apply(jobs.where).catch((error: unknown) => error)
  if (found instanceof WorkerStartError)
    t.true(found.message.startsWith(`workers cannot start: ${cwd}: `), found.message)
  else t.like(found, { cwd })
})

windows('a module with a long path is loaded', async (t) => {
  const folder = join(scratch(t, {}), 'a'.repeat(100), 'b'.repeat(100), 'c'.repeat(100))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'job.mjs'), 'export const twice = (x) => 2 * x\n')
  const { pool } = watchedPool(t, { nJobs: 1 })
  const job = task<(x: number) => number>(pathToFileURL(join(folder, 'job.mjs')), 'twice')
  t.is(await pool.apply(job, [4]), 8)
})

windows('a preload of NODE_OPTIONS runs, whatever its path, and tasks see NODE_OPTIONS as it was', async (t) => {
  const folder = scratch(t, { 'a preload.cjs': "process.env.MARKED = 'preloaded'\n" })
  const NODE_OPTIONS = `--require "${join(folder, 'a preload.cjs').replaceAll('\\', '\\\\')}"`
  const { pool } = watchedPool(t, { nJobs: 1, env: { NODE_OPTIONS } })
  t.is((await pool.apply(jobs.where)).marked, 'preloaded')
  t.is(await pool.apply(jobs.options), NODE_OPTIONS)
})

windows('a thread that is terminated in the middle of a task takes its workers with it', async (t) => {
  const thread = new Worker(new URL('fixtures/thread-with-pool.mjs', import.meta.url), { workerData: 'terminated' })
  const seen: { pid?: number; text?: string }[] = []
  thread.on('message', (message: { pid?: number; text?: string }) => seen.push(message))
  await until(
    () => seen.some(({ text }) => text === 'end me'),
    () => 'the task does not run'
  )
  const pids = seen.flatMap(({ pid }) => pid ?? [])
  t.is(pids.length, 1)
  await thread.terminate()
  await gone(pids)
})

// A thread waits for 64 objects by itself. Each of these workers has four.
windows('a pool has more objects to wait for than one thread can', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 20, stdio: 'pipe' })
  await pool.warm()
  const pids = await pool.map(jobs.pid, Array.from({ length: 20 }), { chunkSize: 1, orderTasks: true })
  t.is(new Set(pids).size, 20)
  const last = pids.slice(-3)
  for (const pid of last) process.kill(pid, 'SIGKILL')
  await gone(last)
  const later = await pool.map(jobs.pid, Array.from({ length: 20 }), { chunkSize: 1, orderTasks: true })
  t.deepEqual(later.slice(0, 17), pids.slice(0, 17))
  t.true(later.slice(17).every((pid) => !last.includes(pid)))
  t.deepEqual(new Set(exits.map(({ pid }) => pid)), new Set(last))
  await pool.stopAndJoin()
})
