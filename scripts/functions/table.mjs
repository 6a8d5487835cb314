// Runs every kind of function in every way and writes the table of docs/functions.md.
//
//   node scripts/functions/table.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { runWay, ways } from './ways.mjs'

const page = new URL('../../docs/functions.md', import.meta.url)
const [open, close] = ['<!-- table -->', '<!-- end of table -->']

/** @type {Map<string, string[]>} */
const rows = new Map()
/** @type {Map<string, string>} */
const messages = new Map()
let faults = 0
for (const way of ways) {
  for (const { kind, isExcepted, line, fault, stderr } of await runWay(way)) {
    if (fault !== '') {
      faults++
      console.error(`${way.title}, ${kind.title}: ${fault}\n${line === undefined ? stderr.slice(0, 600) : ''}`)
    }
    const cell =
      fault !== ''
        ? '**fails**'
        : kind.refused === undefined
          ? 'works'
          : kind.isResult
            ? 'its result is refused'
            : 'refused'
    rows.set(kind.title, [...(rows.get(kind.title) ?? []), cell])
    if (fault === '' && !isExcepted && kind.refused !== undefined && !messages.has(kind.title))
      messages.set(kind.title, line.message)
  }
}

const head = ['kind of function', ...ways.map(({ title }) => title)]
const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
const table = [line(head), line(head.map(() => '---')), ...[...rows].map(([title, cells]) => line([title, ...cells]))]
const refused = [...messages].map(([title, message]) => `- ${title}: "${message.replaceAll('<', '&lt;')}"`)
const generated = `${open}\n\n${table.join('\n')}\n\nThe messages:\n\n${refused.join('\n')}\n\n${close}`
const before = readFileSync(page, 'utf8')
const at = before.indexOf(open)
const text = before.slice(0, at) + generated + before.slice(before.indexOf(close) + close.length)
const after = await format(text, { ...(await resolveConfig(page)), parser: 'markdown' })
if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('docs/functions.md is not what the table gives: run node scripts/functions/table.mjs')
    faults++
  }
} else writeFileSync(page, after)
process.exitCode = faults > 0 ? 1 : 0
