// The first milliseconds of a trace as an SVG, in the manner of Perfetto: a row for each worker, with set-ups, waits, chunks and the tasks in
// them.
//
//   node scripts/pictures/trace.mjs TRACE.json PICTURE.svg [milliseconds from] [to]
import { readFileSync, writeFileSync } from 'node:fs'

const [, , file = 'trace.json', picture = 'trace.svg', fromMs = '0', toMs = '10'] = process.argv
const [from, to] = [Number(fromMs) * 1000, Number(toMs) * 1000]
const [WIDTH, LEFT, TOP, BAR, ROW] = [960, 84, 40, 22, 64]
const COLORS = {
  init: '#c678dd',
  load: '#e5c07b',
  wait: '#3a404b',
  chunk: '#61afef',
  task: '#7fb785',
  failed: '#e06c75'
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const rounded = (value) => Number(value.toFixed(2))
const xOf = (ts) => rounded(LEFT + ((Math.min(Math.max(ts, from), to) - from) / (to - from)) * (WIDTH - LEFT - 40))

const events = JSON.parse(readFileSync(file, 'utf8'))
const workers = [...new Set(events.filter(({ name }) => name === 'thread_name').map(({ tid }) => tid))]
const yOf = (tid) => TOP + workers.indexOf(tid) * ROW

function draw({ name, cat, ts, dur, tid, cname }) {
  const [x, end] = [xOf(ts), xOf(ts + dur)]
  const width = rounded(Math.max(end - x - 0.4, 0.3))
  const y = yOf(tid) + (cat === 'task' ? BAR + 2 : 0)
  const bar = `<rect x="${x}" y="${y}" width="${width}" height="${BAR}" fill="${cname === undefined ? COLORS[cat] : COLORS.failed}"/>`
  if (width < name.length * 7.5) return bar
  const color = cat === 'wait' ? '#d7dae0' : '#1e2127'
  return `${bar}<text x="${x + 4}" y="${y + 15}" fill="${color}">${escaped(name)}</text>`
}

const shown = events.filter(({ ph, ts, dur }) => ph === 'X' && ts < to && ts + dur > from)
const step = (to - from) / 5
const ticks = Array.from({ length: 6 }, (_, at) => from + at * step).map(
  (ts) =>
    `<line x1="${xOf(ts)}" y1="28" x2="${xOf(ts)}" y2="${TOP + workers.length * ROW - 12}" stroke="#3a404b"/><text x="${xOf(ts)}" y="20" text-anchor="middle">${rounded(ts / 1000)} ms</text>`
)
const starts = events
  .filter(({ ph, ts }) => ph === 'i' && ts >= from && ts < to)
  .map(
    ({ name, ts, tid }) =>
      `<path d="M${xOf(ts)} ${yOf(tid) - 2}l-4 -7h8z" fill="#e5c07b"><title>${escaped(name)}</title></path>`
  )
const rows = workers.map((tid) => `<text x="12" y="${yOf(tid) + 15}">worker ${tid}</text>`)
const height = TOP + workers.length * ROW
writeFileSync(
  picture,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="ui-monospace, monospace" font-size="12">
<title>A trace: a row for each worker, with its chunks and the tasks in them</title>
<rect width="${WIDTH}" height="${height}" rx="8" fill="#1e2127"/>
<g fill="#9aa1ad">${[...ticks, ...rows].join('\n')}</g>
${[...shown.map(draw), ...starts].join('\n')}
</svg>
`
)
