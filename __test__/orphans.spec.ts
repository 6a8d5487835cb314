import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'

import { childrenOf, gone, isAlive, isStopped, until } from './helpers/processes.js'
import { run, type Run } from './helpers/run.js'

/** What the tasks note: a busy one; one with two children; three levels, the last one with two children. */
const NOTED = 1 + 3 + 2 + 3

interface Family {
  readonly parent: Run
  readonly workers: readonly number[]
  /** Processes of tasks, and workers of pools within workers. */
  readonly noted: readonly number[]
}

async function family(t: ExecutionContext, way: string, expected: number): Promise<Family> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-orphans-'))
  const file = join(directory, 'pids')
  writeFileSync(file, '')
  const read = (): readonly number[] => readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number)
  const parent = run(t, 'orphan-parent.mjs', [file, way])
  const workers: number[] = []
  t.teardown(() => {
    for (const pid of [...workers, ...read()]) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })
  workers.push(...(JSON.parse((await parent.next()) ?? '[]') as number[]))
  await until(
    () => read().length === expected,
    () => `noted: ${read().join(' ')}`
  )
  return { parent, workers, noted: read() }
}

function checkAllAlive(t: ExecutionContext, { parent, workers, noted }: Family): void {
  t.is(workers.length, 4)
  t.deepEqual(new Set(childrenOf(parent.pid)), new Set(workers))
  t.true([...workers, ...noted].every(isAlive))
}

interface Way {
  readonly send?: NodeJS.Signals
  readonly code?: number
  readonly signal?: NodeJS.Signals
}

const ways: Readonly<Record<string, Way>> = {
  SIGKILL: { send: 'SIGKILL', signal: 'SIGKILL' },
  SIGINT: { send: 'SIGINT', signal: 'SIGINT' },
  SIGTERM: { send: 'SIGTERM', signal: 'SIGTERM' },
  SIGHUP: { send: 'SIGHUP', signal: 'SIGHUP' },
  SIGPIPE: { send: 'SIGPIPE', signal: 'SIGPIPE' },
  SIGSEGV: { send: 'SIGSEGV', signal: 'SIGSEGV' },
  abort: { signal: 'SIGABRT' },
  'process.exit': { code: 3 },
  'an uncaught exception': { code: 1 },
  'an unhandled rejection': { code: 1 },
  'a closed pipe': { code: 1 }
}

for (const [way, { send = 'SIGUSR2', code = null, signal = null }] of Object.entries(ways)) {
  test.serial(`nothing is left of a pool whose process ends by ${way}`, async (t) => {
    const all = await family(t, way, NOTED)
    checkAllAlive(t, all)
    if (way === 'a closed pipe') all.parent.closeOutput()
    all.parent.kill(send)
    await gone([...all.workers, ...all.noted])
    const end = await all.parent.end
    t.deepEqual([end.code, end.signal], [code, signal], end.stderr)
  })
}

test.serial('nothing is left of workers that were stopped when their parent died', async (t) => {
  const all = await family(t, 'stopped', NOTED)
  for (const pid of all.workers) process.kill(pid, 'SIGSTOP')
  await until(
    () => all.workers.every(isStopped),
    () => 'they are stopped'
  )
  all.parent.kill('SIGKILL')
  await gone([...all.workers, ...all.noted])
  t.pass()
})

// The system wakes stopped orphans, but not those of which a thread still runs: the main thread alone has stopped, or none.
test.serial('nothing is left of workers that were about to be stopped when their parent died', async (t) => {
  const all = await family(t, 'stopped', NOTED)
  for (const pid of all.workers) process.kill(pid, 'SIGSTOP')
  all.parent.kill('SIGKILL')
  await gone([...all.workers, ...all.noted])
  t.pass()
})

test.serial('an idle pool lets its process end, and ends with it', async (t) => {
  const { parent, workers } = await family(t, 'idle', 0)
  const end = await parent.end
  t.deepEqual([end.code, end.signal, end.stderr], [0, null, ''])
  await gone(workers)
})

test.serial('the children of a worker’s task end with the worker', async (t) => {
  const { parent, workers, noted } = await family(t, 'worker', NOTED)
  // Not the idle worker: it is not among those that tasks noted.
  const busy = workers.filter((pid) => noted.includes(pid))
  t.is(busy.length, 3)
  for (const pid of busy) process.kill(pid, 'SIGKILL')
  await gone(noted)
  t.true(isAlive(parent.pid) || (await parent.end).code === 1)
})
