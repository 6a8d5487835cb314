import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import test, { type ExecutionContext } from 'ava'

import { watchedPool } from './helpers/pools.js'
import { run } from './helpers/run.js'

const double = (x: number): number => x * 2

/** `script` gives a program a terminal. */
const hasTerminals = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
const testInTerminal = hasTerminals ? test : test.skip

/** Runs the fixture in a terminal. @returns all that it writes there */
async function inTerminal(t: ExecutionContext, way: string, columns = 70): Promise<string> {
  const fixture = fileURLToPath(new URL('./fixtures/progress-bars.mjs', import.meta.url))
  const command = `stty cols ${columns}; exec '${process.execPath}' '${fixture}' ${way}`
  const { CI: _ci, ...env } = process.env
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...env, TERM: 'xterm' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true
  })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  const code = await new Promise((resolve) => child.on('close', resolve))
  t.is(code, 0, text)
  return text
}

/** A movement of the cursor, the end of a line, or text. */
const TOKENS = new RegExp(String.raw`\x1b\[(\d*)([A-Za-z])|\r|\n|[^\x1b\r\n]+`, 'g')

/** The lines that a terminal shows in the end, of output that moves the cursor as bars do. */
function screen(output: string): readonly string[] {
  const lines = ['']
  let [row, column] = [0, 0]
  for (const [token, code = '', kind] of output.matchAll(TOKENS)) {
    const line = (lines[row] ??= '')
    if (token === '\r') column = 0
    else if (token === '\n') row++
    else if (kind === 'A') row = Math.max(row - Number(code || 1), 0)
    else if (kind === 'G') column = Number(code || 1) - 1
    else if (kind === 'K') lines[row] = line.slice(0, code === '' || code === '0' ? column : 0)
    else if (kind === 'J') lines.splice(row, lines.length, line.slice(0, column))
    else if (kind === undefined) {
      lines[row] = line.slice(0, column).padEnd(column) + token + line.slice(column + token.length)
      column += token.length
    }
    lines[row] ??= ''
  }
  return lines.map((line) => line.trimEnd()).filter((line) => line !== '')
}

testInTerminal(
  'a bar shows counts, failures, the rate and the time that is left, and its last state stays',
  async (t) => {
    const output = await inTerminal(t, 'one')
    t.regex(output, /files +\d+ % \|█*░+\| \d+\/30, (?:\d failed, )?\d+ s left, [\d.]+\/s/)
    const [bar = '', after] = screen(output)
    t.regex(bar, /^files 100 % \|█+\| 30\/30, 3 failed, in \d+ s, [\d.]+\/s$/)
    t.is(after, 'after')
  }
)

testInTerminal('an input without a length has counts and a rate', async (t) => {
  const output = await inTerminal(t, 'unknown')
  t.regex(output, /tasks \d+, [\d.]+\/s/)
  t.regex(screen(output)[0] ?? '', /^tasks 100 % \|█+\| 30\/30, in \d+ s, [\d.]+\/s$/)
})

testInTerminal('with leave: false nothing stays', async (t) => {
  const output = await inTerminal(t, 'gone')
  t.regex(output, /gone +\d+ %/)
  t.deepEqual(screen(output), ['after'])
})

testInTerminal('several bars stand below each other', async (t) => {
  const output = await inTerminal(t, 'several')
  const lines = screen(output)
  t.is(lines.length, 3, lines.join('\n'))
  t.regex(lines.find((line) => line.startsWith('first')) ?? '', /100 % .*30\/30, in/)
  t.regex(lines.find((line) => line.startsWith('second')) ?? '', /100 % .*10\/10, in/)
  t.is(lines[2], 'after')
})

testInTerminal('a narrow terminal gets the parts that find room', async (t) => {
  const output = await inTerminal(t, 'one', 24)
  for (const line of screen(output)) t.true(line.length < 24, line)
  t.regex(screen(output)[0] ?? '', /^files 100 % 30\/30/)
})

testInTerminal('what workers print stays', async (t) => {
  const lines = screen(await inTerminal(t, 'printing'))
  for (let item = 15; item < 30; item++)
    t.true(
      lines.some((line) => line.startsWith(`worker: ${item}`)),
      `${item}`
    )
  t.regex(lines.at(-2) ?? '', /^files 100 % \|█+\| 15\/15/)
})

testInTerminal('a call that fails leaves what it had done', async (t) => {
  t.regex(screen(await inTerminal(t, 'failing'))[0] ?? '', /^tasks +\d+ % \|.*\/30, 1 failed, in/)
})

for (const way of ['one', 'several', 'printing', 'failing']) {
  test(`without a terminal there are whole lines and no control characters: ${way}`, async (t) => {
    const { code, lines, stderr } = await run(t, 'progress-bars.mjs', [way]).end
    t.deepEqual([code, lines.at(-1)], [0, 'after'])
    const said = stderr.trimEnd().split('\n')
    t.is(said.length, way === 'several' ? 2 : 1)
    for (const line of said) t.regex(line, /^\w+: \d+ %, \d+\/\d+,(?: \d failed,)? in \d+ s, [\d.]+k?\/s$/)
  })
}

test('a worker writes lines for a pool of its own', async (t) => {
  const { code, stderr } = await run(t, 'progress-bars.mjs', ['nested']).end
  t.is(code, 0)
  t.regex(stderr, /^inner: 100 %, 3\/3, in \d+ s, [\d.]+\/s\n$/)
})

test('a bar can be a default of the pool, and a call can do without', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1, progressBar: { description: 'ours', leave: false } })
  t.deepEqual(await pool.map(double, [1, 2], { progressBar: false }), [2, 4])
})

test('bad options of a bar are refused', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const refused = [
    [1, 'progressBar must be true, false or an object, got 1'],
    [null, 'progressBar must be true, false or an object, got null'],
    [[], 'progressBar must be true, false or an object, got []'],
    [{ description: 5 }, 'description must be a string, got 5'],
    [{ leave: 'no' }, "leave must be true or false, got 'no'"]
  ] as const
  for (const [progressBar, message] of refused) {
    const call = pool.map(double, [1], { progressBar: progressBar as never })
    await t.throwsAsync(call, { instanceOf: TypeError, code: 'ERR_POOL_INVALID_OPTION', message })
  }
  await t.throwsAsync(pool.map(double, [1], { progressBar: { color: 'red' } as never }), {
    message: /^unknown option 'color' \(got 'red'\); the options are description, leave$/
  })
  t.is(pool.workers.length, 0)
})
