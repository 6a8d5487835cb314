// `npm run matrix`: every cell of the crash matrix and of the parent matrix, into docs/reliability.md. `-- --only idle` runs the cells that
// have such a word in their names and writes nothing; `--rounds 20` repeats them, `--runners 4` runs more at a time. `--outcomes FILE`
// keeps the outcomes and runs no cell that has one there, and `--minutes 4` begins no cell after that time. `npm run portable` and
// `npm run windows -- matrix` call it with `--system` in a copy of the clone, and name the page by `--page`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { toTable, writeSection } from './reliability.mjs'
import { setUpOrExit } from './setup.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    system: { type: 'string' },
    page: { type: 'string' },
    outcomes: { type: 'string' },
    minutes: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    runners: { type: 'string', default: '2' }
  }
})
// What it would set up is there already.
if (values.system === undefined) setUpOrExit()
const { allCells, methods, phases } = await import('../__test__/matrix/cells.mjs')
const { allParentCells, states, ways } = await import('../__test__/matrix/parents.mjs')
const { faults } = await import('../__test__/matrix/faults.mjs')
const { runCells } = await import('../__test__/matrix/run.mjs')

const nameOf = (cell) => Object.values(cell).join(', ')
const chosen = [...allCells(), ...allParentCells()].filter(
  (cell) => values.only === undefined || nameOf(cell).includes(values.only)
)
const allChosen = Array.from({ length: Number(values.rounds) }, () => chosen).flat()
const known =
  values.outcomes !== undefined && existsSync(values.outcomes) ? JSON.parse(readFileSync(values.outcomes, 'utf8')) : {}
const missing = allChosen.filter((cell) => known[nameOf(cell)] === undefined)
const end = values.minutes === undefined ? Infinity : performance.now() + Number(values.minutes) * 60_000
let count = allChosen.length - missing.length
const ran = await runCells(missing, {
  runners: Number(values.runners),
  isOver: () => performance.now() > end,
  tell(cell, outcome) {
    const { wrong, ms } = outcome
    const how = wrong.length === 0 ? 'ok' : wrong.join('; ')
    console.log(`${++count}/${allChosen.length} ${nameOf(cell)}: ${how} (${ms} ms)`)
    if (values.outcomes === undefined) return
    known[nameOf(cell)] = outcome
    writeFileSync(values.outcomes, JSON.stringify(known))
  }
})
const cells = allChosen.filter((cell) => known[nameOf(cell)] !== undefined)
const outcomes = cells.map((cell) => known[nameOf(cell)])
if (values.outcomes === undefined) {
  cells.push(...missing)
  outcomes.push(...ran)
}
const isWhole = outcomes.length === allChosen.length
if (!isWhole) console.log(`${allChosen.length - outcomes.length} cells are left for the next run`)

/** What became of the tasks in the cells of one fault and one phase, over all methods. */
function summary(fault, phase) {
  const all = outcomes.filter((_, at) => cells[at].fault === fault && cells[at].phase === phase)
  const bad = all.filter(({ wrong }) => wrong.length > 0)
  if (bad.length > 0) return `**broken**: ${bad[0].wrong[0]}`
  const losses = all.filter(({ lost }) => lost > 0).length
  if (losses === 0) return 'none'
  if (phases[phase].lose === 'calls') return 'its calls'
  return losses === all.length ? 'its own' : `its own or none`
}

/** How long the longest of the rounds took until nothing was left. */
function parentSummary(way, state) {
  const all = outcomes.filter((_, at) => cells[at].way === way && cells[at].state === state)
  const bad = all.find(({ wrong }) => wrong.length > 0)
  return bad === undefined ? `${Math.max(...all.map(({ leftMs }) => leftMs))} ms` : `**broken**: ${bad.wrong[0]}`
}

const broken = outcomes.filter(({ wrong }) => wrong.length > 0)
if (values.system === 'portable') {
  const bad = cells.filter((_, at) => outcomes[at].wrong.length > 0).map(nameOf)
  const sentence = `${outcomes.length - broken.length} of ${outcomes.length} cells hold${bad.length > 0 ? `; **broken**: ${bad.join('; ')}` : ''}.`
  if (isWhole && values.only === undefined) await writeSection('portable matrices', sentence, values.page)
} else if (values.only === undefined && isWhole) {
  const prefix = values.system === undefined ? '' : `${values.system} `
  const rows = Object.keys(faults).map((fault) => [fault, ...Object.keys(phases).map((phase) => summary(fault, phase))])
  await writeSection(`${prefix}crash matrix`, toTable([['fault', ...Object.keys(phases)], ...rows]), values.page)
  const parentRows = Object.keys(ways).map((way) => [
    way,
    ...Object.keys(states).map((state) => parentSummary(way, state))
  ])
  const parentTable = toTable([['the parent ends by', ...Object.keys(states)], ...parentRows])
  await writeSection(`${prefix}parent matrix`, parentTable, values.page)
}
console.log(
  `${outcomes.length - broken.length} cells hold, ${broken.length} do not (${Object.keys(methods).join(', ')})`
)
process.exitCode = broken.length > 0 ? 1 : 0
