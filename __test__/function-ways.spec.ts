import { readFileSync } from 'node:fs'
import test from 'ava'
import { kinds } from '../scripts/functions/kinds.mjs'
import { page, renderExpected } from '../scripts/functions/page.mjs'
import { makeSite } from '../scripts/functions/places.mjs'
import { type Cell, isIn, runWay } from '../scripts/functions/run.mjs'
import { ways } from '../scripts/functions/ways.mjs'

// The ways that need no more than this repository, on this Node. `node scripts/functions/table.mjs` runs them all.
const node = { program: process.execPath, version: process.versions.node }
const open = ways.filter((way) => isIn(way, node.version))
const cells: Cell[] = []
const site = makeSite()

test.after.always(() => site.remove())

test.before('every kind of function in every way of running', async (t) => {
  t.timeout(280_000)
  const rest = [...open]
  const runAll = async (): Promise<void> => {
    for (let way = rest.shift(); way !== undefined; way = rest.shift()) cells.push(...(await runWay(way, node, site)))
  }
  await Promise.all([runAll(), runAll()])
})

for (const { title } of kinds) {
  test(`${title}: the page is right, in every way of running`, (t) => {
    const found = cells.filter(({ kind }) => kind === title)
    t.is(found.length, open.length)
    t.deepEqual(
      found.filter(({ fault }) => fault !== '').map(({ way, fault }) => `${way}: ${fault}`),
      []
    )
  })
}

test('the page is the output of its script', async (t) => {
  const { version } = node
  const expected = await renderExpected(cells)
  t.is(readFileSync(page, 'utf8'), expected, `Node ${version}: run node scripts/functions/table.mjs`)
})
