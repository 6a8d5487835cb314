// `npm run soak -- --minutes 30`: random work under a killer of workers, checked by a model. `--seed 5` runs the same plan
// again; `--round 10` is the life of one pool in seconds, `--first 3` the number of the first one; `--plain` leaves out
// inits, exits and shared arrays; `--write` puts the figures into docs/reliability.md.
import { parseArgs } from 'node:util'
import { toTable, writeSection } from './reliability.mjs'
import { setUpOrExit } from './setup.mjs'

setUpOrExit()
const { soak } = await import('../__test__/soak/soak.mjs')

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
    round: { type: 'string', default: '10' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) }
  }
})
console.log(`seed ${values.seed}`)
const { wrong, counts, heldAfter } = await soak({
  seconds: Number(values.minutes) * 60,
  roundSeconds: Number(values.round),
  seed: Number(values.seed),
  first: Number(values.first),
  hasLife: !values.plain,
  tell: (line) => console.log(line)
})
const quarter = Math.ceil(heldAfter.length / 4)
const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const growth = (what) => {
  const [early, late] = [heldAfter.slice(0, quarter), heldAfter.slice(-quarter)].map((part) =>
    (middle(part.map((each) => each[what])) / 2 ** 20).toFixed(1)
  )
  return `${early} MB in the first quarter of the pools, ${late} MB in the last`
}
const total = Object.values(counts.faults).reduce((sum, count) => sum + count, 0)
const outcomes = Object.entries(counts.outcomes).map(([what, count]) => `${count} ${what}`)
const rows = [
  ['command', `\`npm run soak -- --minutes ${values.minutes} --round ${values.round} --seed ${values.seed}\``],
  ['pools', String(counts.rounds)],
  ['calls', String(counts.calls)],
  ['executions of tasks', String(counts.executions)],
  ['of these after a loss, by `retries`', String(counts.reruns)],
  ['tasks that ended as an abort told them', String(counts.heard)],
  ['calls of `recycle`', String(counts.recycles)],
  ['calls of `resize`', String(counts.resizes)],
  ['right results', String(counts.results)],
  ['inits of workers', String(counts.inits)],
  ['results of exits', String(counts.exits)],
  ['other outcomes', outcomes.join(', ')],
  ['signals to workers', String(total)],
  ['heap and external memory', growth('heap')],
  ['resident memory', growth('rss')],
  ['wrong', wrong.length === 0 ? 'nothing' : `**${wrong[0]}**`]
]
for (const row of rows) console.log(row.join(': '))
if (values.write) await writeSection('soak', toTable([['what', 'how much'], ...rows]))
console.log(
  wrong.length === 0 ? `nothing was wrong (seed ${values.seed})` : `${wrong.length} wrong (seed ${values.seed})`
)
process.exitCode = wrong.length === 0 ? 0 : 1
