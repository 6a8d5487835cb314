import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

import test, { type ExecutionContext } from 'ava'

import { root } from './helpers/code-blocks.js'

/** What each example prints, line by line. */
const EXAMPLES: Readonly<Record<string, readonly RegExp[]>> = {
  'abort.mjs': [/^stopped: TimeoutError$/, /^the pool goes on: true$/],
  'crash.mjs': [/^values\.md: SIGSEGV, ERR_POOL_WORKER_DIED$/, /^1 of \d+ files failed$/],
  'generators.mjs': [/^src-ts: [1-9]\d+ files, [1-9]\d+ lines$/, /^docs: \d+ files, [1-9]\d+ lines$/],
  'nested.mjs': [/^docs: [1-9]\d+ lines$/, /^scripts: [1-9]\d+ lines$/, /^examples: [1-9]\d+ lines$/],
  'output.mjs': [/^\[out\] task [123]$/, /^\[out\] task [123]$/, /^\[out\] task [123]$/, /^\[err\] task 2 is odd/],
  'pinning.mjs': [/^\d+ CPUs; one worker on each of/, /^worker 0: asked for (\d+), runs on \1$/],
  'progress.mjs': [/^(\d+) of \1 files, 0 failed$/, /^smaller$/],
  'references/main.mjs': [/^worker: [1-9]\d*$/, /^thread: [1-9]\d*$/, /^crash: [1-9]\d*$/, /^files read: 1$/],
  'retries.mjs': [
    /^README\.md: counted$/,
    /^SECURITY\.md: counted$/,
    /^LICENSE: ERR_POOL_TASK_TIMEOUT after 2 attempts$/
  ],
  'shared-table/main.mjs': [
    /^millrace, sharedArray: \d+\.\d\d s, all entries are right$/,
    /^piscina, SharedArrayBuffer: \d+\.\d\d s, all entries are right$/,
    /^millrace, a copy for each worker: \d+\.\d\d s, all entries are right$/
  ],
  'stream.mjs': [/^(\d+) of \1 lines written to /, /^at most ([1-9]|[1-5]\d|6[0-4]) lines in flight$/],
  'typescript.mts': [/^\d+ pages, true, 64 digits$/],
  'closure/main.mjs': [/\.md +[1-9]\d+$/, /^\d+ files, counted by [1-9]\d* workers, the same as here$/]
}

/** The arguments of an example that would take long, or much memory, without any. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = { 'shared-table/main.mjs': ['8'] }

/** Those that the suite runs in another way: the server below, and what `npm start` runs. */
const OTHERS = ['server.mjs', 'compress/main.mjs']

type Program = ChildProcessByStdio<null, Readable, Readable>

function start(t: ExecutionContext, name: string, args: readonly string[] = []): Program {
  const loader = name.endsWith('.mts') ? [`--import=${import.meta.resolve('@oxc-node/core/register')}`] : []
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, [...loader, `examples/${name}`, ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

test('the list names all examples', (t) => {
  const found = readdirSync(`${root}/examples`, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(`${root}/examples/${entry.name}`).includes('main.mjs')
        ? [`${entry.name}/main.mjs`]
        : []
      : /\.m[jt]s$/.test(entry.name)
        ? [entry.name]
        : []
  )
  t.deepEqual(found.toSorted(), [...Object.keys(EXAMPLES), ...OTHERS].toSorted())
})

for (const [name, expected] of Object.entries(EXAMPLES)) {
  test.serial(`examples/${name} prints the expected output`, async (t) => {
    const child = start(t, name, ARGUMENTS[name])
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    t.is(stderr, '')
    t.is(code, 0)
    const lines = stdout.split('\n').slice(0, -1)
    for (const pattern of expected) {
      const at = lines.findIndex((line) => pattern.test(line))
      if (at === -1) t.fail(`no line like ${pattern} in\n${stdout}`)
      else lines.splice(at, 1)
    }
  })
}

test('examples/server.mjs answers with the hash of a file, refuses a missing file, and closes on SIGTERM', async (t) => {
  const child = start(t, 'server.mjs', ['0'])
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const [, url] = /^listening on (.*)$/.exec((await lines.next()).value) ?? []
  const answer = await fetch(`${url}/README.md`, { headers: { connection: 'close' } })
  t.regex(await answer.text(), /^[0-9a-f]{64} README\.md\n$/)
  t.is((await fetch(`${url}/nothing`, { headers: { connection: 'close' } })).status, 404)
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  t.is((await lines.next()).value, 'closed')
  t.deepEqual(await exit, [0, null])
})
