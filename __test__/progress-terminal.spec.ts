import test from 'ava'

import { inTerminal, rowsOf, screen, testInTerminal } from './helpers/terminal.js'

const BAR = /^files +\d+ % \|[█░]*\| \d+\/100000,/
const SIGINT = 128 + 2

testInTerminal('a line that is printed while a bar is shown is whole, and an empty line keeps it apart', async (t) => {
  const output = await inTerminal(t, 'progress-ends.mjs', 'prints')
  const [first, second, third, bar = '', isAsBefore] = screen(output)
  t.deepEqual([first, second, third, isAsBefore], ['first', 'second', 'third', 'true'])
  t.regex(bar, BAR)
})

testInTerminal('process.exit leaves the bar above the line of the shell', async (t) => {
  const rows = rowsOf(await inTerminal(t, 'progress-ends.mjs', 'exits', { code: 3 }))
  t.is(rows.length, 2, rows.join('\n'))
  t.regex(rows[0] ?? '', BAR)
  t.is(rows[1], '$')
})

testInTerminal('an error that ends the program stands below the bar', async (t) => {
  const lines = screen(await inTerminal(t, 'progress-ends.mjs', 'throws', { code: 1 }))
  t.regex(lines[0] ?? '', BAR)
  t.true(lines.includes('Error: of the program'), lines.join('\n'))
})

testInTerminal('SIGINT ends the program as it would without a bar, and leaves the bar above the shell', async (t) => {
  const output = await inTerminal(t, 'progress-ends.mjs', 'interrupted', { code: SIGINT })
  const rows = rowsOf(output).filter((line) => line !== '')
  t.is(rows.length, 2, rows.join('\n'))
  t.regex(rows[0] ?? '', BAR)
  t.is(rows[1], '$')
})

testInTerminal('SIGINT does not end a program that listens to it, and the bar goes on', async (t) => {
  const [handled, bar = '', isAsBefore] = screen(await inTerminal(t, 'progress-ends.mjs', 'handles'))
  t.deepEqual([handled, isAsBefore], ['handled', 'true'])
  t.regex(bar, BAR)
})

testInTerminal('bars that find no room in the terminal are counted', async (t) => {
  const output = await inTerminal(t, 'progress-ends.mjs', 'many', { rows: 8 })
  // Of eight rows the first one is empty, and the last one has the number.
  t.regex(output, /call 4 [^\n]*\n[^\n]*and 15 more/)
  t.is(screen(output).length, 22, 'the bars that stay, and the last line')
})

testInTerminal('a long description leaves room for the counts, and is one line', async (t) => {
  const output = await inTerminal(t, 'progress-ends.mjs', 'cut', { columns: 34 })
  const drawn = output.split('\n')
  t.true(
    drawn.some((line) => /a descript…\s+\d+ % \d+\/100000/.test(line)),
    output
  )
  t.true(
    drawn.some((line) => /進捗進捗進…\s+\d+ % \d+\/100000/.test(line)),
    output
  )
  t.true(
    drawn.some((line) => /two lines\s+\d+ % \d+\/100000/.test(line)),
    output
  )
})

testInTerminal('a terminal of CI gets lines', async (t) => {
  const output = await inTerminal(t, 'progress-bars.mjs', 'one', { env: { CI: 'true' } })
  t.regex(output, /^files: 100 %, 30\/30, 3 failed, in \d+ s, [\d.]+\/s\r\nafter\r\n\$$/)
})

test('a simulated terminal moves its cursor', (t) => {
  t.deepEqual(rowsOf('one\r\ntwo\u001B[1A\u001B[1Gthree\u001B[0J\r\n$'), ['three', '$'])
})
