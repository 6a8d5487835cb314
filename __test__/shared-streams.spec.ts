import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import test, { type ExecutionContext } from 'ava'

import { Gates } from './helpers/gates.js'
import { runPiped } from './helpers/piped.js'
import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

const LATE = 'sleep 1; cat > /dev/null'

/** In a pipeline of the shell. */
async function piped(t: ExecutionContext, what: string, how: string, redirection?: string): Promise<string> {
  const file = new Gates(t).path('file')
  await within(runPiped(t, LATE, 'shared-streams.mjs', [what, how, file], redirection), 'the program has ended')
  return readFileSync(file, 'utf8').trim()
}

const hasTerminals =
  spawnSync('script', ['-qec', 'stty -g', '/dev/null'], { stdio: ['ignore', 'ignore', 'ignore'] }).status === 0
const onTerminal = hasTerminals ? test : test.skip

/** On a terminal of its own. */
async function terminal(t: ExecutionContext, what: string, how: string): Promise<string> {
  const file = new Gates(t).path('file')
  const script = fileURLToPath(new URL('fixtures/shared-streams.mjs', import.meta.url))
  const command = [process.execPath, script, what, how, file].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  await within(new Promise((resolve) => child.on('exit', resolve)), 'the program has ended')
  return readFileSync(file, 'utf8').trim()
}

test('code that prints without streams gets no EAGAIN after the parent has used its stdout', async (t) => {
  t.is(await piped(t, 'writeAfterParent', 'join'), 'all written')
})

test('the parent gets no EAGAIN after a worker has used its stdout', async (t) => {
  // Node itself may have opened stderr as a stream, which must not be the same pipe.
  t.is(await piped(t, 'parentWrites', 'join', '2> /dev/null'), 'all written')
})

for (const how of ['join', 'recycle', 'idle', 'SIGTERM', 'exit', 'throw', 'abort', 'SIGKILL', 'quiet']) {
  test(`the flags of a shared pipe stay (${how})`, async (t) => {
    const states = JSON.parse(await piped(t, 'flags', how)) as string[]
    t.is(new Set(states).size, 1, states.join(' '))
    t.is(await piped(t, 'flagsAfterStart', how), 'true')
  })
}

for (const how of ['join', 'recycle', 'SIGTERM', 'exit', 'throw']) {
  test(`the flags of a shared socket stay as the parent has set them (${how})`, async (t) => {
    const file = new Gates(t).path('file')
    await within(run(t, 'shared-streams.mjs', ['flagsAfterStart', how, file]).end, 'the program has ended')
    t.is(readFileSync(file, 'utf8').trim(), 'true')
  })

  test(`the flags of a file stay (${how})`, async (t) => {
    const states = JSON.parse(await piped(t, 'flags', how, '> /dev/null 2>&1')) as string[]
    t.is(new Set(states).size, 1, states.join(' '))
  })
}

for (const how of ['join', 'recycle', 'idle', 'SIGTERM', 'exit', 'throw', 'abort', 'SIGKILL', 'starting']) {
  onTerminal(`the raw mode of the terminal stays (${how})`, async (t) => {
    t.is(await terminal(t, 'rawMode', how), 'true')
  })
}

onTerminal('a task that prints does not hang under stty tostop', async (t) => {
  t.is(await terminal(t, 'tostop', 'join'), 'printed')
})

onTerminal('a task that reads from the terminal gets an error and does not hang', async (t) => {
  t.is(await terminal(t, 'reads', 'join'), 'EIO')
})
