import { readlinkSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

import test from 'ava'

import { tasks, WorkerPool, WorkerStartError } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { descriptors, until } from './helpers/processes.js'
import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

const jobs = tasks<typeof import('./fixtures/jobs-output.mjs')>(new URL('./fixtures/jobs-output.mjs', import.meta.url))
const MIB = 1024 * 1024

function textOf(stream: Readable | null): Promise<string> {
  if (stream === null) throw new Error('there is no stream')
  return within(text(stream), 'the stream has ended')
}

test('without pipes there are no streams', (t) => {
  for (const stdio of [undefined, 'inherit', 'ignore'] as const) {
    const pool = new WorkerPool({ stdio })
    t.deepEqual([pool.stdout, pool.stderr], [null, null])
  }
})

test('the lines of all workers arrive whole and in order, and all of them before the pool has closed', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 3, stdio: 'pipe' })
  const read = textOf(pool.stdout)
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const rows = names.map((name) => [name, 500])
  await pool.map(jobs.lines as unknown as (...args: unknown[]) => number, rows as never, { chunkSize: 1, spread: true })
  await pool.stopAndJoin()
  const got = (await read).split('\n')
  t.is(got.pop(), '')
  t.is(got.length, 500 * names.length)
  for (const name of names) {
    t.deepEqual(
      got.filter((line) => line.startsWith(`${name} `)),
      Array.from({ length: 500 }, (_, line) => `${name} ${line}`)
    )
  }
  t.is(await textOf(pool.stderr), '')
})

for (const end of ['exit', 'kill', 'throw', 'none']) {
  test(`the output of a worker is complete to the last line, even if it dies (${end})`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1, stdio: 'pipe' })
    pool.on('error', () => undefined)
    await Promise.allSettled([within(pool.apply(jobs.lastWords, [2000, end]), 'the task has settled')])
    await pool.stopAndJoin()
    // Read only now: what is kept is enough for it.
    const lines = (await textOf(pool.stdout)).split('\n')
    t.deepEqual([lines.length, lines[1999]?.slice(0, 9)], [2001, 'line 1999'])
    t.regex(await textOf(pool.stderr), /^an error\nlast, without an end/)
  })
}

test('without a reader: no worker waits, the last MiB is kept, and a line says how much was dropped', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, stdio: 'pipe' })
  t.is(await within(pool.apply(jobs.much, [8 * MIB]), 'the task has written'), 8 * MIB)
  await pool.stopAndJoin()
  const got = await textOf(pool.stdout)
  const [, dropped = ''] = /^\[millrace: (\d+) bytes were dropped here while nobody was reading\]\n/.exec(got) ?? []
  const kept = got.slice(got.indexOf('\n') + 1)
  t.is(Number(dropped) + kept.length, 8 * MIB)
  t.true(kept.length <= MIB && kept.length > MIB / 2)
  t.true(kept.split('\n').every((line) => line.length === 1023 || line === ''))
})

test('a slow reader: nothing is dropped, and the worker waits', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, stdio: 'pipe' })
  const { stdout } = pool
  if (stdout === null) return t.fail()
  stdout.once('data', () => stdout.pause())
  let isDone = false
  const call = pool.apply(jobs.much, [8 * MIB]).then(() => (isDone = true))
  await until(
    () => stdout.isPaused(),
    () => 'the first piece has come'
  )
  // It cannot be done: more than what is kept, the pipe and the stream hold is left to write.
  await new Promise((resolve) => setImmediate(resolve))
  t.false(isDone)
  let bytes = 0
  stdout.on('data', (piece: Buffer) => (bytes += piece.length))
  stdout.resume()
  await within(call, 'the worker has written all')
  const ended = new Promise((resolve) => stdout.once('end', resolve))
  await pool.stopAndJoin()
  await within(ended, 'the stream has ended')
  t.true(bytes > 7 * MIB)
})

test('a destroyed stream blocks no worker', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, stdio: 'pipe' })
  pool.stdout?.resume()
  pool.stdout?.destroy()
  t.is(await within(pool.apply(jobs.much, [8 * MIB]), 'the task has written'), 8 * MIB)
})

// Alone in the process: other tests' pools have pipes too.
test.serial('pipes are closed with their workers', async (t) => {
  const pipes = (): number => [...descriptors(process.pid, readlinkSync).values()].filter((to) => to.startsWith('pipe:')).length // prettier-ignore
  const before = pipes()
  for (let round = 0; round < 3; round++) {
    const { pool } = watchedPool(t, { nJobs: 2, stdio: 'pipe' })
    await Promise.allSettled([pool.apply(jobs.lastWords, [1, 'exit']), pool.apply(jobs.lastWords, [1, 'kill'])])
    await pool.apply(jobs.links)
    await pool.stopAndJoin()
  }
  t.is(pipes(), before)
})

test('the error of workers that do not start ends with their output on stderr', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, stdio: 'pipe', execArgv: ['--no-such-option'] })
  const error = await t.throwsAsync(within(pool.apply(jobs.links), 'the call has failed'), {
    instanceOf: WorkerStartError
  })
  t.regex(
    error?.message ?? '',
    /^workers cannot start: exited with code 9 before it was ready\nits standard error ends with:\n.*bad option: --no-such-option$/
  )
})

test('pipes of an idle pool do not keep the process alive, and its streams end with it', async (t) => {
  const { code, lines } = await run(t, 'piping-parent.mjs').end
  t.deepEqual([code, lines], [0, ['hello', 'main has ended']])
})

test('a pool that starts nothing has streams that end', async (t) => {
  const pool = new WorkerPool({ stdio: 'pipe' })
  const read = textOf(pool.stdout)
  await pool.stopAndJoin()
  t.is(await read, '')
})
