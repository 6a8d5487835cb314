// How each cost grows with the size of the work: a table, and a picture of it.
//
//   npm run bench:scale -- [--only map,bytes] [--runs 3] [--limit 1e6] [--write docs/scale.md]
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeSection } from '../../scripts/reliability.mjs'
import { format, toMarkdown } from '../table.mjs'
import { median } from '../timing.mjs'
import { costs } from './costs.mjs'
import { fitExponent } from './fit.mjs'
import { plot } from './plot.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    runs: { type: 'string', default: '3' },
    limit: { type: 'string', default: 'Infinity' },
    write: { type: 'string' }
  }
})
const child = fileURLToPath(new URL('child.mjs', import.meta.url))
/** No size takes as long as this. A call that hangs ends the run. */
const TIMEOUT = 300_000

function measureOnce(key, size) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [child, key, String(size)], {
    encoding: 'utf8',
    timeout: TIMEOUT
  })
  if (status !== 0) throw new Error(`${key} at ${size} ended with ${signal ?? status}: ${stderr}`)
  return JSON.parse(stdout)
}

function measure(key, size) {
  const runs = Array.from({ length: Number(values.runs) }, () => measureOnce(key, size))
  const point = {
    size,
    cost: median(runs.map(({ seconds }) => seconds)),
    peakMebibytes: median(runs.map(({ peakMebibytes }) => peakMebibytes))
  }
  console.error(JSON.stringify({ key, ...point }))
  return point
}

const wanted = values.only?.split(',')
const panels = costs
  .filter(({ key }) => !wanted || wanted.includes(key))
  .map(({ key, title, grows, sizes }) => {
    const points = sizes.filter((size) => size <= Number(values.limit)).map((size) => measure(key, size))
    return { title, grows, points, exponent: fitExponent(points) }
  })

const head = ['what', 'from', 'to', 'seconds', 'peak of the parent, MiB', 'grows as size to the power of']
const rows = panels.map(({ title, grows, points, exponent }) => {
  const [first, last] = [points[0], points.at(-1)]
  const pair = (key) => `${format(first[key])} to ${format(last[key])}`
  return [
    title,
    `${format(first.size)} ${grows}`,
    `${last.size} ${grows}`,
    pair('cost'),
    pair('peakMebibytes'),
    exponent.toFixed(2)
  ]
})
const foot = `2 workers unless workers grow; median of ${values.runs} runs, each in a new process. Node ${process.versions.node}, ${cpus().length} CPUs.`
const text = `${toMarkdown([head, ...rows])}\n\n${foot}`
console.log(text)
if (values.write) {
  await writeSection('scale', text, values.write)
  writeFileSync(values.write.replace(/\.md$/, '.svg'), plot(panels))
}
