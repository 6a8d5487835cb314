import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

import test from 'ava'

import { PACKAGE, scratch } from './helpers/scratch.js'
import { buildNative, nativePath } from './matrix/native.mjs'

const windows = process.platform === 'win32' ? test : test.skip

// The system tells each process of a console on a thread of its own, in no order. So another process starts and ends before the task may:
// a worker that ends by the event is gone by then.
const PROGRAM = `import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { WorkerPool } from '${PACKAGE}'
const [, , signal, library] = process.argv
const gate = resolve('gate')
const pool = new WorkerPool({ nJobs: 1 })
const pid = await pool.apply(() => process.pid)
const task = pool.apply(
  async (gate) => {
    const { existsSync } = await import('node:fs')
    while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 20))
    return process.pid
  },
  [gate]
)
const heard = once(process, signal)
try {
  process.dlopen({ exports: {} }, library)
} catch {
  // It is no addon: Node unloads it again.
}
await heard
spawnSync(process.execPath, ['-e', '0'])
writeFileSync(gate, '')
console.log((await task) === pid)
await pool.stopAndJoin()
`

for (const [signal, library] of [
  ['SIGINT', 'ctrl-c'],
  ['SIGBREAK', 'ctrl-break']
] as const) {
  windows(`the parent decides what the keys mean that a console reports by ${signal}`, async (t) => {
    buildNative()
    const directory = scratch(t, { 'main.mjs': PROGRAM })
    // It has a console of its own, without a window, and its workers are in that.
    const child = spawn(process.execPath, ['main.mjs', signal, nativePath(library)], {
      cwd: directory,
      windowsHide: true
    })
    t.teardown(() => child.kill('SIGKILL'))
    // Its folder cannot be removed before it is gone.
    const [printed, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    t.is(printed, 'true\n', errors)
  })
}
