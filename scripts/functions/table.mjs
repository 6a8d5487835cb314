// Runs every kind of function in every way and writes the tables of docs/functions.md.
//
//   node scripts/functions/table.mjs [--only <way>]... [--node 22,24,26] [--quick]
//
// Without words it runs everything, on this Node and on the others of the page, and writes; what it needs is installed into
// .cache/ first. With words it runs a part, and tells what is not as the page says.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { MAJORS, page, render } from './page.mjs'
import { installNode, installTools, makeSite } from './places.mjs'
import { isIn, runWay } from './run.mjs'
import { toolWays } from './tool-ways.mjs'
import { ways } from './ways.mjs'

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, node: { type: 'string' }, quick: { type: 'boolean' } }
})
const isAll = Object.keys(values).length === 0
const own = process.versions.node.split('.')[0] ?? ''
const majors = isAll ? MAJORS : (values.node?.split(',') ?? [own])
const all = values.quick === true ? ways : [...ways, ...toolWays]
const chosen = all.filter(({ title }) => values.only === undefined || values.only.includes(title))
const site = makeSite(chosen.some(({ needsTools }) => needsTools) ? installTools() : undefined)
const cells = []
try {
  for (const major of majors) {
    const program = major === own ? process.execPath : installNode(major)
    const version = spawnSync(program, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim()
    for (const way of chosen.filter((each) => isIn(each, version))) {
      const made = await runWay(way, { program, version }, site)
      cells.push(...made)
      const faults = made.filter(({ fault }) => fault !== '')
      console.log(`Node ${version}, ${way.title}: ${made.length - faults.length} as expected, ${faults.length} not`)
      // One that did not run at all says the same of every kind.
      const told = faults.length === made.length ? faults.slice(0, 1) : faults
      for (const { kind, fault } of told) console.log(`  ${kind}: ${fault}`)
    }
  }
} finally {
  site.remove()
}
if (isAll) writeFileSync(page, await render(cells))
process.exitCode = cells.some(({ fault }) => fault !== '') ? 1 : 0
