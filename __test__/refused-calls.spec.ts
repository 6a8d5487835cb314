import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'

import { gone } from './helpers/processes.js'
import { run, type Run } from './helpers/run.js'

const filter = fileURLToPath(new URL('./fixtures/refuse.py', import.meta.url))
const python = 'python3'
const hasPython = spawnSync(python, ['--version']).status === 0
const spec = hasPython ? test : test.skip

/** Runs the fixture under a filter of system calls, as a container's profile has one. */
function runRefused(t: ExecutionContext, calls: string, ...args: readonly string[]): Run {
  return run(t, 'refused-calls.mjs', args, { execPath: python, execArgv: [filter, calls, process.execPath] })
}

for (const calls of ['pidfd_open', 'pidfd_send_signal', 'memfd_create', 'pidfd_open,memfd_create']) {
  spec(`a pool does the same where the system refuses ${calls}`, async (t) => {
    const end = await runRefused(t, calls).end
    t.deepEqual([end.stderr, end.code], ['', 0])
    t.deepEqual(end.lines, ['[2,4,6]', '[1,"SIGKILL",3]', '[1,"ERR_POOL_TASK_TIMEOUT",3]', 'ended'])
  })

  spec(`workers end with their parent where the system refuses ${calls}`, async (t) => {
    const parent = runRefused(t, calls, 'idle')
    const pids = (await parent.next())?.split(' ').map(Number) ?? []
    t.is(pids.length, 2)
    parent.kill('SIGKILL')
    await gone(pids)
  })
}

spec('the first call rejects where the system refuses both ways to shared memory', async (t) => {
  const end = await runRefused(t, 'memfd_create,new object').end
  t.is(end.code, 0, end.stderr)
  t.regex(
    end.lines[0] ?? '',
    /^WorkerStartError ERR_POOL_WORKER_START: workers cannot start: memfd_create was refused: .*, and shm_open failed too: /
  )
})
