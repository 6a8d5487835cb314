import test from 'ava'

import { gone } from './helpers/processes.js'
import { run } from './helpers/run.js'

const isRoot = process.getuid?.() === 0

/** What each line says; `after it` starts a worker anew, which the new user may not be able to: its home is another's. */
const expected: readonly RegExp[] = [
  /^timeout: ERR_POOL_TASK_TIMEOUT$/,
  /^after it: (fulfilled 1|ERR_POOL_WORKER_START)$/,
  /^abort: 23$/,
  /^at once: 23$/,
  /^terminate: fulfilled undefined$/,
  /^terminated: ERR_POOL_TERMINATED$/,
  /^recycle: fulfilled undefined$/,
  /^join: fulfilled undefined$/,
  /^exit: ERR_POOL_WORKER_DIED$/,
  /^killed: ERR_POOL_WORKER_DIED$/,
  /^left: 0$/
]

for (const who of ['parent', 'worker']) {
  test.serial(`workers are killed even if signals are refused, because the ${who} has given up root`, async (t) => {
    if (!isRoot) {
      t.log('only root can give up root: not tried')
      t.pass()
      return
    }
    const { code, lines, stderr } = await run(t, 'unprivileged-parent.mjs', [who]).end
    t.deepEqual([code, stderr, lines.length], [0, '', expected.length], lines.join('\n'))
    expected.forEach((pattern, index) => t.regex(lines[index] ?? '', pattern))
  })
}

test.serial('workers end with a parent that is not allowed to signal them', async (t) => {
  if (!isRoot) {
    t.log('only root can give up root: not tried')
    t.pass()
    return
  }
  const parent = run(t, 'unprivileged-parent.mjs', ['killed'])
  const pids = JSON.parse((await parent.next()) ?? '[]') as number[]
  t.is(pids.length, 2)
  parent.kill('SIGKILL')
  await gone(pids)
})
