// What it costs to load the package by `import` and by `require`, beside piscina: the median over that of a node that loads nothing.
// CPU time counts: it differs less than the clock while others use the machine.
//
//   node bench/import.mjs [--rounds 21] [--markdown]
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { sampleStarts } from './import-times.mjs'
import { median } from './timing.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '21' }, markdown: { type: 'boolean' } } })
const rounds = Number(values.rounds)
const file = (name) => JSON.stringify(join(fileURLToPath(new URL('..', import.meta.url)), name))

const programs = [
  { name: 'nothing, import', extension: 'mjs', code: '' },
  { name: 'nothing, require', extension: 'cjs', code: '' },
  { name: 'millrace, import', extension: 'mjs', code: `import ${file('dist/index.js')}` },
  { name: 'piscina, import', extension: 'mjs', code: `import ${file('node_modules/piscina/dist/esm-wrapper.mjs')}` },
  { name: 'millrace, require', extension: 'cjs', code: `require(${file('dist/index.cjs')})` },
  { name: 'piscina, require', extension: 'cjs', code: `require(${file('node_modules/piscina/dist/main.js')})` }
]
const samples = sampleStarts(programs, rounds)

const of = (name, column) => median(samples.get(name).map((sample) => sample[column]))
const rows = programs.slice(2).map(({ name }) => {
  const bare = `nothing, ${name.split(', ')[1]}`
  const [wall, cpu] = [0, 1].map((column) => of(name, column) - of(bare, column))
  return { name, wall, cpu }
})
if (values.markdown) {
  console.log(
    '| loaded            | ms over a bare node | ms of CPU |\n| ----------------- | ------------------: | --------: |'
  )
  for (const { name, wall, cpu } of rows) {
    console.log(`| ${name.padEnd(17)} | ${wall.toFixed(1).padStart(19)} | ${cpu.toFixed(1).padStart(9)} |`)
  }
} else for (const row of rows) console.log(JSON.stringify({ bench: 'import', ...row }))
console.log(`\nMedian of ${rounds} rounds; Node ${process.versions.node}, ${cpus().length} CPUs (${cpus()[0].model}).`)
