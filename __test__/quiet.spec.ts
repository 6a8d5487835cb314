import test from 'ava'

import { run } from './helpers/run.js'

test('hundreds of calls and listeners, and many pools on one signal, are no leak to node', async (t) => {
  const { code, lines, stderr } = await run(t, 'quiet-many.mjs').end
  t.deepEqual([code, lines, stderr], [0, ['aborted 30', 'done'], ''])
})

test('a reader of the output that goes away is no error of a task', async (t) => {
  const script = run(t, 'quiet-epipe.mjs')
  t.regex((await script.next()) ?? '', /^x+$/)
  script.closeOutput()
  const { code, stderr } = await script.end
  t.deepEqual([code, stderr], [0, 'ok,ok,ok,ok,ok,ok\n'])
})
