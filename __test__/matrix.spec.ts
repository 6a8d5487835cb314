import test from 'ava'

import { someCells } from './matrix/cells.mjs'
import { allParentCells } from './matrix/parents.mjs'
import { runCells } from './matrix/run.mjs'

// Cells run in processes of their own: what is left of one is not hidden among what other tests hold.
const cells = someCells()
// The other ways and states are those of orphans.spec.ts.
const parentCells = allParentCells().filter(({ way }) => way === 'heap exhaustion' || way === 'the end of its thread')
const all = [...cells, ...parentCells]
const tellers = new Map<object, (outcome: { readonly wrong: readonly string[] }) => void>()
const run = runCells(all, { tell: (cell, outcome) => tellers.get(cell)?.(outcome) })
/** Each cell is told of when it is over, so that the tests of a slow machine go on one after the other. */
const outcomes = all.map(
  (cell) =>
    new Promise<{ readonly wrong: readonly string[] }>((resolve, reject) => {
      tellers.set(cell, resolve)
      run.catch(reject)
    })
)

for (const [at, { fault, phase, method }] of cells.entries()) {
  test(`${fault}, ${phase}: ${method} settles, calls beside it are right, nothing is left behind`, async (t) => {
    t.deepEqual((await outcomes[at])?.wrong, [])
  })
}

for (const [at, { way, state }] of parentCells.entries()) {
  test(`nothing is left of a pool when its process ends by ${way}: ${state}`, async (t) => {
    t.deepEqual((await outcomes[cells.length + at])?.wrong, [])
  })
}
