// Measures millrace beside its peers, row by row of the table of targets: same machine, same run, as many workers each.
//   npm run bench -- [--quick] [--load] [--only apply,map] [--peers millrace,fork] [--runs 5] [--workers 2] [--json]
//                    [--against <git ref or folder of a build>] [--write docs/performance.md]
import { parseArgs } from 'node:util'
import { Fleet } from './fleet.mjs'
import { Limits } from './limits/index.mjs'
import { measureRow } from './measure.mjs'
import { countOf, wordsOf } from './options.mjs'
import { barePeersOf, peersOf } from './peers.mjs'
import { findPython } from './python.mjs'
import { report } from './report.mjs'
import { rows } from './rows/index.mjs'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    load: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    peers: { type: 'string' },
    runs: { type: 'string' },
    workers: { type: 'string', default: '2' },
    against: { type: 'string' },
    write: { type: 'string' }
  }
})
const say = (text) => process.stderr.write(text)

const workers = countOf('workers', values.workers)
const runs = countOf('runs', values.runs ?? (values.quick ? '1' : '5'))
const begins = (key, word) => key.startsWith(word)
const wanted = wordsOf(
  'only',
  values.only,
  rows.map(({ key }) => key),
  begins
)
const chosen = rows.filter(({ key }) => !wanted || wanted.some((word) => begins(key, word)))

/** @returns {string | undefined} the interpreter; where there is none, the pools of Python are left out with a word */
function pythonOrNone() {
  try {
    return findPython()
  } catch (error) {
    say(`without Python: ${error.message}\n`)
    return undefined
  }
}

async function build(ref) {
  const { buildOf } = await import('./against.mjs')
  return buildOf(ref, say)
}

const found = {
  python: pythonOrNone(),
  before: values.against === undefined ? undefined : await build(values.against)
}
const all = peersOf(found)
const names = wordsOf(
  'peers',
  values.peers,
  all.map(({ name }) => name)
)
const peers = all.filter(({ name }) => names === undefined || names.includes(name))
const fleet = new Fleet({ workers, bare: barePeersOf(found) })
const context = { fleet, limits: new Limits(say), scale: values.quick ? 0.05 : 1, workers }

const results = []
try {
  for (const row of chosen) {
    if (row.setting === 'load' && !values.load) {
      results.push({ row, samples: new Map(), failures: new Map(), note: 'measured with --load' })
      continue
    }
    say(`${row.key} `.padEnd(16, '.'))
    const start = performance.now()
    results.push(await measureRow(row, peers, context, runs))
    say(` ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
  }
} finally {
  await fleet.close()
}
await report(results, peers, { ...values, workers, runs })
process.exit()
