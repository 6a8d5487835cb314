// `npm run pictures [-- progress ...]`: the pictures of docs/, taken anew from programs that run in a real terminal. Needs tmux.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setUpOrExit } from '../setup.mjs'
import { toSvg } from './svg.mjs'
import { takePicture } from './terminal.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const programs = fileURLToPath(new URL('programs', import.meta.url))

/** By the name of the program and of the file in docs/. `until` fits the screen at the moment to show. */
const pictures = {
  progress: {
    columns: 84,
    rows: 12,
    until: /thumbnails +[5-9]\d %/,
    title: 'A terminal with three progress bars below a line that a worker has printed'
  },
  insights: {
    columns: 100,
    rows: 42,
    until: /the slowest tasks:(?:\s+\S+ \S+ +item .*){5}/,
    title: 'What printInsights prints: a table of times, a row for each worker, the slowest tasks, and two histograms'
  }
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !Object.hasOwn(pictures, name))
if (unknown !== undefined) {
  console.error(`there is no picture '${unknown}'; there are ${Object.keys(pictures).join(', ')}`)
  process.exit(1)
}
setUpOrExit()
for (const [name, { title, ...options }] of Object.entries(pictures)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const rows = await takePicture(`node ${name}.mjs`, { ...options, cwd: programs })
  writeFileSync(join(root, 'docs', `${name}.svg`), toSvg(rows, title))
  console.log(`docs/${name}.svg`)
}
