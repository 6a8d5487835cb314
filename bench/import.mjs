// What it costs to load the package, beside piscina: whole processes, in turn within every round, the median over that of a node that loads
// nothing. CPU time counts: it differs less than the clock while others use the machine.
//
//   node bench/import.mjs [--rounds 21] [--markdown]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median } from './timing.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '21' }, markdown: { type: 'boolean' } } })
const rounds = Number(values.rounds)
const root = fileURLToPath(new URL('..', import.meta.url))

const EXIT = `process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  process._rawDebug(JSON.stringify([performance.now(), (user + system) / 1000]))
})`
const programs = {
  'nothing, import': ['mjs', ''],
  'nothing, require': ['cjs', ''],
  'millrace, import': ['mjs', `import ${JSON.stringify(join(root, 'dist/index.js'))}`],
  'piscina, import': ['mjs', `import ${JSON.stringify(join(root, 'node_modules/piscina/dist/esm-wrapper.mjs'))}`],
  'millrace, require': ['cjs', `require(${JSON.stringify(join(root, 'dist/index.cjs'))})`],
  'piscina, require': ['cjs', `require(${JSON.stringify(join(root, 'node_modules/piscina/dist/main.js'))})`]
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-import-'))
const samples = new Map(Object.keys(programs).map((name) => [name, []]))
try {
  const files = Object.entries(programs).map(([name, [extension, code]], at) => {
    const file = join(folder, `${at}.${extension}`)
    writeFileSync(file, `${code}\n${EXIT}\n`)
    return [name, file]
  })
  // The first round warms the disk's cache.
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, file] of files) {
      const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
      if (status !== 0) throw new Error(stderr)
      if (round >= 0) samples.get(name).push(JSON.parse(stderr))
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}

const of = (name, column) => median(samples.get(name).map((sample) => sample[column]))
const rows = Object.keys(programs)
  .filter((name) => !name.startsWith('nothing'))
  .map((name) => {
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
