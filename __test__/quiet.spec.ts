import test from 'ava'

import { Gates } from './helpers/gates.js'
import { gone } from './helpers/processes.js'
import { run } from './helpers/run.js'

test('hundreds of calls and listeners, and many pools on one signal, cause no leak warning', async (t) => {
  const { code, lines, stderr } = await run(t, 'quiet-many.mjs').end
  t.deepEqual([code, lines, stderr], [0, ['aborted 30', 'done'], ''])
})

test('a reader of the output that goes away causes no error in a task', async (t) => {
  const script = run(t, 'quiet-epipe.mjs')
  t.regex((await script.next()) ?? '', /^x+$/)
  script.closeOutput()
  const { code, stderr } = await script.end
  t.deepEqual([code, stderr], [0, 'ok,ok,ok,ok,ok,ok\n'])
})

for (const way of ['none', 'terminate', 'stopAndJoin']) {
  test(`Ctrl-C: no stack trace, the exit status of Node, nothing left behind (handler: ${way})`, async (t) => {
    const gates = new Gates(t)
    const script = run(t, 'interrupted.mjs', [way, gates.path('pid')], { ownGroup: true })
    const workers = JSON.parse((await script.next()) ?? '[]') as number[]
    t.is(workers.length, 4)
    const nested = await gates.pid('pid-nested')
    // A terminal tells the group in front; the workers are told as well, as by one that knows them.
    for (const pid of [...workers, nested, -script.pid]) process.kill(pid, 'SIGINT')
    const { code, signal, lines, stderr } = await script.end
    t.deepEqual(
      [code, signal, lines, stderr],
      way === 'none' ? [null, 'SIGINT', [], ''] : [0, null, Array.from({ length: 3 }, () => 'ERR_POOL_TERMINATED'), '']
    )
    await gone([...workers, nested])
  })
}
