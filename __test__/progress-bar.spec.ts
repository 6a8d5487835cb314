import test from 'ava'

import { watchedPool } from './helpers/pools.js'
import { run } from './helpers/run.js'
import { inTerminal, screen, testInTerminal } from './helpers/terminal.js'

const FIXTURE = 'progress-bars.mjs'
const double = (x: number): number => x * 2

testInTerminal(
  'a bar shows counts, failures, the rate and the time that is left, and its last state stays',
  async (t) => {
    const output = await inTerminal(t, FIXTURE, 'one')
    t.regex(output, /files +\d+ % \|█*░+\| \d+\/30, (?:\d failed, )?\d+ s left, [\d.]+\/s/)
    const [bar = '', after] = screen(output)
    t.regex(bar, /^files 100 % \|█+\| 30\/30, 3 failed, in \d+ s, [\d.]+\/s$/)
    t.is(after, 'after')
  }
)

testInTerminal('an input without a length has counts and a rate', async (t) => {
  const output = await inTerminal(t, FIXTURE, 'unknown')
  t.regex(output, /tasks \d+, [\d.]+\/s/)
  t.regex(screen(output)[0] ?? '', /^tasks 100 % \|█+\| 30\/30, in \d+ s, [\d.]+\/s$/)
})

testInTerminal('with leave: false nothing stays', async (t) => {
  const output = await inTerminal(t, FIXTURE, 'gone')
  t.regex(output, /gone +\d+ %/)
  t.deepEqual(screen(output), ['after'])
})

testInTerminal('several bars stand below each other', async (t) => {
  const output = await inTerminal(t, FIXTURE, 'several')
  const lines = screen(output)
  t.is(lines.length, 3, lines.join('\n'))
  t.regex(lines.find((line) => line.startsWith('first')) ?? '', /100 % .*30\/30, in/)
  t.regex(lines.find((line) => line.startsWith('second')) ?? '', /100 % .*10\/10, in/)
  t.is(lines[2], 'after')
})

testInTerminal('a narrow terminal gets the parts that find room', async (t) => {
  const output = await inTerminal(t, FIXTURE, 'one', { columns: 24 })
  for (const line of screen(output)) t.true(line.length < 24, line)
  t.regex(screen(output)[0] ?? '', /^files 100 % 30\/30/)
})

testInTerminal('what workers print stays', async (t) => {
  const lines = screen(await inTerminal(t, FIXTURE, 'printing'))
  for (let item = 15; item < 30; item++)
    t.true(
      lines.some((line) => line.startsWith(`worker: ${item}`)),
      `${item}`
    )
  t.regex(lines.at(-2) ?? '', /^files 100 % \|█+\| 15\/15/)
})

testInTerminal('a call that fails leaves what it had done', async (t) => {
  t.regex(screen(await inTerminal(t, FIXTURE, 'failing'))[0] ?? '', /^tasks +\d+ % \|.*\/30, 1 failed, in/)
})

for (const way of ['one', 'several', 'printing', 'failing']) {
  test(`without a terminal there are whole lines and no control characters: ${way}`, async (t) => {
    const { code, lines, stderr } = await run(t, FIXTURE, [way]).end
    t.deepEqual([code, lines.at(-1)], [0, 'after'])
    const said = stderr.trimEnd().split('\n')
    t.is(said.length, way === 'several' ? 2 : 1)
    for (const line of said) t.regex(line, /^\w+: \d+ %, \d+\/\d+,(?: \d failed,)? in \d+ s, [\d.]+k?\/s$/)
  })
}

test('a worker writes lines for a pool of its own', async (t) => {
  const { code, stderr } = await run(t, FIXTURE, ['nested']).end
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
