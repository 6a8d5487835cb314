import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import test, { type ExecutionContext } from 'ava'

import { tasks } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { runPiped } from './helpers/piped.js'
import { watchedPool } from './helpers/pools.js'
import { within } from './helpers/within.js'

const LINES = 1024
const FINE = { outcome: 'fulfilled', exits: [0], errors: [] }

/** A reader that is not there for a moment, such as a pager or a log shipper: the pipe is full meanwhile. */
const LATE = 'sleep 1; cat'

function count(output: string, name: string): number {
  return output.split('\n').filter((line) => line === `${name} ${'x'.repeat(1023 - name.length - 1)}`).length
}

async function leave(t: ExecutionContext, job: string, how: string, reader = LATE): Promise<[string, object, string]> {
  const gates = new Gates(t)
  const file = gates.path('file')
  const { code, read, said } = await within(runPiped(t, reader, 'leaving-parent.mjs', [job, how, file]), 'it has ended')
  t.is(code, 0, read.slice(-2000))
  return [read, JSON.parse(said) as object, gates.isOpen('file') ? readFileSync(file, 'utf8') : '']
}

for (const how of ['join', 'dispose', 'recycle', 'lifespan', 'idle', 'memory']) {
  test(`all output of a worker arrives before it leaves (${how})`, async (t) => {
    const job = how === 'memory' ? 'grows' : 'manyLines'
    const [read, went] = await leave(t, job, how)
    t.is(count(read, 'stdout'), LINES)
    t.deepEqual(went, FINE)
  })
}

const writers: Readonly<Record<string, readonly string[]>> = {
  oneWrite: ['stdout'],
  stderr: ['stderr'],
  both: ['stdout', 'stderr'],
  afterAnAwait: ['stdout'],
  patchedWrite: ['upper'],
  inExitHandler: ['stdout'],
  inExitHandlerOnly: ['stderr'],
  inBeforeExit: ['stdout'],
  ended: ['stdout'],
  replacedGlobals: ['stdout']
}

for (const [job, names] of Object.entries(writers)) {
  test(`a worker lets its streams drain (${job})`, async (t) => {
    const [read, went] = await leave(t, job, 'join')
    for (const name of names) t.is(count(read, name), LINES, name)
    t.deepEqual(went, FINE)
  })
}

test('all output of a failed task arrives too', async (t) => {
  const [read, went] = await leave(t, 'throws', 'join')
  t.is(count(read, 'stdout'), LINES)
  t.deepEqual(went, { ...FINE, outcome: 'after the output' })
})

for (const job of ['fileStream', 'logger', 'flushedBeforeExit', 'flushedLater', 'flushedAtExit']) {
  test(`a worker finishes its files before it leaves (${job})`, async (t) => {
    const [, went, file] = await leave(t, job, 'join', 'cat')
    t.is(count(file, 'file'), LINES)
    t.deepEqual(went, FINE)
  })
}

const ends: Readonly<Record<string, string>> = {
  onceEach: 'beforeExit\nexit 0\n',
  leftOpen: 'exit 0\n',
  exitCode: 'exit 0\n',
  replacedExit: 'exit 0\n'
}

for (const [job, words] of Object.entries(ends)) {
  test(`a worker ends like any program, with code 0 (${job})`, async (t) => {
    const [, went, file] = await leave(t, job, 'join', 'cat')
    t.is(file, words)
    t.deepEqual(went, FINE)
  })
}

test('an exit handler that throws ends the worker, and its error is reported', async (t) => {
  const [read, went] = await leave(t, 'exitThrows', 'join')
  t.is(count(read, 'stdout'), LINES)
  t.deepEqual(went, { ...FINE, exits: [1], errors: ['in an exit handler'] })
})

test('the same holds if the task handles uncaught exceptions', async (t) => {
  const [, went] = await leave(t, 'unhandledExitError', 'join')
  t.deepEqual(went, { ...FINE, exits: [1], errors: ['in an exit handler'] })
})

test('a listener of beforeExit that throws does not keep the exit handlers from running', async (t) => {
  const [, went, file] = await leave(t, 'beforeExitThrows', 'join')
  t.is(file, 'exit 0\n')
  t.deepEqual(went, { ...FINE, errors: ['before the exit'] })
})

test('a reader that goes away blocks no worker', async (t) => {
  const [read, went] = await leave(t, 'oneWrite', 'join', 'head -n 1')
  t.is(count(read, 'stdout'), 1)
  t.deepEqual(went, FINE)
})

test('a reader that reads nothing blocks a worker for a bounded time, and exit handlers still run', async (t) => {
  const [, went] = await leave(t, 'oneWrite', 'join', 'sleep 8')
  t.deepEqual(went, FINE)
})

test('with pipes to the pool, output of exit handlers arrives too', async (t) => {
  const jobs = tasks<typeof import('./fixtures/jobs-leaving.mjs')>(new URL('./fixtures/jobs-leaving.mjs', import.meta.url)) // prettier-ignore
  const { pool, exits } = watchedPool(t, { nJobs: 1, stdio: 'pipe' })
  if (pool.stdout === null || pool.stderr === null) return t.fail()
  const [out, err] = [text(pool.stdout), text(pool.stderr)]
  await pool.apply(jobs.run, ['both', ''])
  await pool.apply(jobs.run, ['inExitHandler', ''])
  await pool.apply(jobs.run, ['inExitHandlerOnly', ''])
  await pool.stopAndJoin()
  t.deepEqual([count(await out, 'stdout'), count(await err, 'stderr')], [2 * LINES, 2 * LINES])
  t.deepEqual(
    exits.map(({ exitCode }) => exitCode),
    [0]
  )
})

test('a socket that is read late gets all output too', async (t) => {
  const gates = new Gates(t)
  const script = fileURLToPath(new URL('fixtures/leaving-parent.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, 'both', 'join', gates.path('file')], {
    stdio: ['ignore', 'pipe', 'pipe', 'ignore']
  })
  t.teardown(() => child.kill('SIGKILL'))
  await sleep(1000)
  if (child.stdout === null || child.stderr === null) return t.fail()
  const [out, err] = await within(Promise.all([text(child.stdout), text(child.stderr)]), 'the streams have ended')
  t.deepEqual([count(out, 'stdout'), count(err, 'stderr')], [LINES, LINES])
})
