// Where the time of a call goes, step by step: the parent's clock before and after, the worker's clock in between. Both are the same clock.
//
//   npm run bench:path -- [--against FOLDER] [--write docs/performance.md]     FOLDER is another built clone
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { writeSection } from '../scripts/reliability.mjs'
import { format, toMarkdown } from './table.mjs'
import { median } from './timing.mjs'

const { values } = parseArgs({ options: { against: { type: 'string' }, write: { type: 'string' } } })
const ROUNDS = 5
const APPLIES = 2000
const ITEMS = 1_000_000

/** Microseconds of the clock that all processes share. As a task it says when it ran. */
const clock = () => Number(process.hrtime.bigint()) / 1000
/** When the first and the last task of a map ran; the others are empty. */
const clockAtEnds = (item) => (item === 0 || item === 999_999 ? Number(process.hrtime.bigint()) / 1000 : item)

/** Medians of the steps of one `apply`, in µs. */
async function applySteps(pool) {
  const steps = [[], [], []]
  for (let i = 0; i < APPLIES; i += 1) {
    const called = clock()
    const promise = pool.apply(clock)
    const submitted = clock()
    const ran = await promise
    const settled = clock()
    steps[0].push(submitted - called)
    steps[1].push(ran - submitted)
    steps[2].push(settled - ran)
  }
  return steps.map(median)
}

/** The steps of one `map`, in µs. */
async function mapSteps(pool, items) {
  const called = clock()
  const promise = pool.map(clockAtEnds, items)
  const submitted = clock()
  const results = await promise
  const settled = clock()
  return [submitted - called, results[0] - called, results.at(-1) - results[0], settled - results.at(-1)]
}

const folders = [resolve(import.meta.dirname, '..'), ...(values.against ? [values.against] : [])]
const builds = await Promise.all(
  folders.map(async (folder) => {
    const { WorkerPool } = await import(pathToFileURL(resolve(folder, 'dist/index.js')).href)
    return { one: new WorkerPool({ nJobs: 1 }), two: new WorkerPool({ nJobs: 2 }), apply: [], map: [] }
  })
)
const items = Array.from({ length: ITEMS }, (_, i) => i)
for (let round = -1; round < ROUNDS; round += 1) {
  for (const { one, two, apply, map } of builds) {
    const samples = [await applySteps(one), await mapSteps(two, items)]
    if (round < 0) continue
    apply.push(samples[0])
    map.push(samples[1])
  }
}
await Promise.all(builds.flatMap(({ one, two }) => [one.stopAndJoin(), two.stopAndJoin()]))

const head = ['step', 'now', ...(values.against ? ['before'] : [])]
const rowsOf = (key, names) =>
  names.map((name, step) => [name, ...builds.map((build) => format(median(build[key].map((run) => run[step]))))])
const tables = [
  toMarkdown([
    head,
    ...rowsOf('apply', [
      'one `apply`, µs: the call of the parent, until it has returned the promise',
      'from there until the task runs in the worker',
      'from there until the parent has the result'
    ])
  ]),
  toMarkdown([
    head,
    ...rowsOf('map', [
      'one `map` over 1e6 numbers, µs: the call of the parent, until it has returned the promise',
      'from the call until the first task runs',
      'from the first task to the last one',
      'from the last task until the parent has the list of results'
    ])
  ])
]
const text = `${tables.join('\n\n')}\n\nMedian of ${ROUNDS} rounds, the builds in turn. Node ${process.versions.node}.`
console.log(text)
if (values.write) await writeSection('path', text, values.write)
