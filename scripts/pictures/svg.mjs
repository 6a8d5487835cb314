// The rows of a terminal as an SVG. Each run of text has its exact width, and blocks are rectangles, so that all columns stand below each
// other whatever font there is.
const COLUMN = 8.4
const ROW = 20
const MARGIN = 16
const TOP = 38
const SHADES = { '█': 1, '▓': 0.75, '▒': 0.5, '░': 0.22 }
const COLORS = { window: '#1e2127', bar: '#2c313a', text: '#d7dae0', block: '#7fb785' }
const DOTS = ['#e06c75', '#e5c07b', '#98c379']

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const rounded = (value) => Number(value.toFixed(2))

/** Characters of one kind that stand side by side, without the spaces around them. */
function* runsOf(row) {
  for (const { 0: run, index } of row.matchAll(/█+|▓+|▒+|░+|[^█▓▒░\s]+(?: [^█▓▒░\s]+)*/g)) yield { run, column: index }
}

function drawRun({ run, column }, row) {
  const [x, width] = [rounded(MARGIN + column * COLUMN), rounded(run.length * COLUMN)]
  const shade = SHADES[run[0]]
  if (shade === undefined) {
    return `<text x="${x}" y="${TOP + row * ROW + 15}" textLength="${width}" lengthAdjust="spacingAndGlyphs">${escaped(run)}</text>`
  }
  const opacity = shade === 1 ? '' : ` opacity="${shade}"`
  return `<rect x="${x}" y="${TOP + row * ROW + 2}" width="${width}" height="${ROW - 4}" fill="${COLORS.block}"${opacity}/>`
}

/**
 * @param {readonly string[]} rows
 * @param {string} title what a screen reader says
 */
export function toSvg(rows, title) {
  const columns = Math.max(...rows.map((row) => row.length))
  const [width, height] = [rounded(columns * COLUMN + 2 * MARGIN), TOP + rows.length * ROW + MARGIN]
  const dots = DOTS.map((color, at) => `<circle cx="${MARGIN + 6 + at * 18}" cy="13" r="5.5" fill="${color}"/>`)
  const runs = rows.flatMap((row, at) => [...runsOf(row)].map((run) => drawRun(run, at)))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${COLORS.window}"/>
<path d="M0 26V8a8 8 0 0 1 8-8h${rounded(width - 16)}a8 8 0 0 1 8 8v18z" fill="${COLORS.bar}"/>
${dots.join('\n')}
<g fill="${COLORS.text}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
${runs.join('\n')}
</g>
</svg>
`
}
