// `npm run matrix`: every cell of the crash matrix and of the parent matrix, into docs/reliability.md. `-- --only idle` runs the cells that
// have such a word in their names and writes nothing; `--rounds 20` repeats them, `--runners 4` runs more at a time. `--portable` names
// the page where the outcomes of the POSIX module of the core go, in one sentence.
import { parseArgs } from 'node:util'
import { toTable, writeSection } from './reliability.mjs'
import { setUpOrExit } from './setup.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    portable: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    runners: { type: 'string', default: '2' }
  }
})
// What it would set up is there already.
if (values.portable === undefined) setUpOrExit()
const { allCells, methods, phases } = await import('../__test__/matrix/cells.mjs')
const { allParentCells, states, ways } = await import('../__test__/matrix/parents.mjs')
const { faults } = await import('../__test__/matrix/faults.mjs')
const { runCells } = await import('../__test__/matrix/run.mjs')

const nameOf = (cell) => Object.values(cell).join(', ')
const chosen = [...allCells(), ...allParentCells()].filter(
  (cell) => values.only === undefined || nameOf(cell).includes(values.only)
)
const cells = Array.from({ length: Number(values.rounds) }, () => chosen).flat()
let count = 0
const outcomes = await runCells(cells, {
  runners: Number(values.runners),
  tell(cell, { wrong, ms }) {
    console.log(
      `${++count}/${cells.length} ${nameOf(cell)}: ${wrong.length === 0 ? 'ok' : wrong.join('; ')} (${ms} ms)`
    )
  }
})

/** What became of the tasks in the cells of one fault and one phase, over all methods. */
function summary(fault, phase) {
  const all = outcomes.filter((_, at) => cells[at].fault === fault && cells[at].phase === phase)
  const bad = all.filter(({ wrong }) => wrong.length > 0)
  if (bad.length > 0) return `**broken**: ${bad[0].wrong[0]}`
  const losses = all.filter(({ lost }) => lost > 0).length
  if (losses === 0) return 'none'
  return losses === all.length ? 'its own' : `its own or none`
}

/** How long the longest of the rounds took until nothing was left. */
function parentSummary(way, state) {
  const all = outcomes.filter((_, at) => cells[at].way === way && cells[at].state === state)
  const bad = all.find(({ wrong }) => wrong.length > 0)
  return bad === undefined ? `${Math.max(...all.map(({ leftMs }) => leftMs))} ms` : `**broken**: ${bad.wrong[0]}`
}

const broken = outcomes.filter(({ wrong }) => wrong.length > 0)
if (values.portable !== undefined) {
  const bad = cells.filter((_, at) => outcomes[at].wrong.length > 0).map(nameOf)
  const sentence = `${outcomes.length - broken.length} of ${outcomes.length} cells hold${bad.length > 0 ? `; **broken**: ${bad.join('; ')}` : ''}.`
  await writeSection('portable matrices', sentence, values.portable)
} else if (values.only === undefined) {
  const rows = Object.keys(faults).map((fault) => [fault, ...Object.keys(phases).map((phase) => summary(fault, phase))])
  await writeSection('crash matrix', toTable([['fault', ...Object.keys(phases)], ...rows]))
  const parentRows = Object.keys(ways).map((way) => [
    way,
    ...Object.keys(states).map((state) => parentSummary(way, state))
  ])
  await writeSection('parent matrix', toTable([['the parent ends by', ...Object.keys(states)], ...parentRows]))
}
console.log(
  `${outcomes.length - broken.length} cells hold, ${broken.length} do not (${Object.keys(methods).join(', ')})`
)
process.exitCode = broken.length > 0 ? 1 : 0
