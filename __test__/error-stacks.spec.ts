import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import test from 'ava'

interface Failure {
  readonly kind: string
  readonly name: string
  readonly message: string
  readonly stacks: readonly string[]
}

const program = fileURLToPath(new URL('fixtures/error-stacks.mjs', import.meta.url))
const lines = readFileSync(program, 'utf8').split('\n')

async function run(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 200_000 })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { stdout, stderr }
}

async function failures(how: string): Promise<readonly Failure[]> {
  const { stdout } = await run('', how)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Failure)
}

/** Those of a program that has changed nothing. */
const usualFailures = failures('')

/** The lines of the program that a kind of error is made on. */
function placeOf(kind: string): { readonly first: number; readonly last: number } {
  const isOwn = (line: string): boolean =>
    line.startsWith(`  '${kind}':`) || (kind.includes('.') && line.includes(kind))
  const first = lines.findIndex(isOwn) + 1
  const next = lines.findIndex((line, at) => at >= first && /^ {2}'|^}/.test(line)) + 1
  return { first, last: next - 1 }
}

const OWN_FRAME = /^\s+at .*[\\/]dist[\\/]/m

test("errors of the library and of tasks have no frame of the library, and name the caller's line", async (t) => {
  const all = await usualFailures
  t.is(all.length, lines.filter((line) => /^ {2}'.*': /.test(line)).length + 3)
  for (const { kind, name, message, stacks } of all) {
    t.is(typeof name, 'string', kind)
    for (const stack of stacks) t.notRegex(stack, OWN_FRAME, kind)
    const [stack = ''] = stacks
    t.true(stack.startsWith(name === 'DataError' ? 'DataError' : `${name}: ${message}`), `${kind}: ${stack}`)
    const { first, last } = placeOf(kind)
    const places = Array.from(stack.matchAll(/error-stacks\.mjs:(\d+):\d+/g), ([, line]) => Number(line))
    t.true(places.some((line) => line >= first && line <= last), `${kind}: ${stack}`) // prettier-ignore
    // The frames of a call come once.
    const frames = stack.split('\n').filter((line) => line.includes('error-stacks.mjs:'))
    t.is(new Set(frames).size, frames.length, stack)
  }
  const [, ...attempts] = all.find(({ kind }) => kind === 'a worker that died twice')?.stacks ?? []
  t.is(attempts.length, 1)
  t.regex(attempts[0] ?? '', /error-stacks\.mjs:\d+/)
})

for (const how of ['no limit', 'limit 0', 'frozen', 'call sites']) {
  test(`errors are the same if a program has changed how stacks are made: ${how}`, async (t) => {
    const usual = await usualFailures
    const all = await failures(how)
    t.deepEqual(all.map(({ kind, name }) => [kind, name]), usual.map(({ kind, name }) => [kind, name])) // prettier-ignore
    for (const { kind, stacks } of all) for (const stack of stacks) t.notRegex(stack, OWN_FRAME, kind)
  })
}

// Made by the task's worker or by the library when the call has returned: Node 20 cannot show the caller's line.
const late = ['a task that throws', 'imap of a task that throws', 'a result that cannot be sent']

for (const kind of [
  ...late,
  'a worker that died',
  'a late task',
  'a bad option of map',
  'a captured WeakMap',
  'an item that cannot be sent',
  'a closed pool'
]) {
  test(`the report of an unhandled error does not begin with a line of the library: ${kind}`, async (t) => {
    const { stderr } = await run(kind)
    const { first } = placeOf(kind)
    const [head = ''] = stderr.split(/^\w*Error(?: \[\w+\])?: /m)
    t.notRegex(head, /[\\/]dist[\\/]/)
    t.notRegex(stderr, OWN_FRAME)
    if (Number(process.versions.node.split('.')[0]) < 22 && late.includes(kind)) return
    t.regex(head, new RegExp(`error-stacks\\.mjs:${first}\\r?\\n`), stderr)
  })
}

test('warnings name the line of the caller', async (t) => {
  const { stderr } = await run('', 'warning')
  const [warning = ''] = stderr.split(/\r?\n\r?\n/)
  t.regex(warning, /\[MILLRACE_LARGE_CAPTURE\] MillraceWarning: .*'large'/)
  t.regex(warning, /at .*error-stacks\.mjs:\d+/)
  t.notRegex(warning, OWN_FRAME)
})
