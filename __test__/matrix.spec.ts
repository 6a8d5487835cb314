import test from 'ava'

import { someCells } from './matrix/cells.mjs'
import { runCells } from './matrix/run.mjs'

// Cells run in processes of their own: what is left of one is not hidden among what other tests hold.
const cells = someCells()
const outcomes = runCells(cells)

for (const [at, { fault, phase, method }] of cells.entries()) {
  test(`${fault}, ${phase}: ${method} settles, its neighbours are right, nothing is left`, async (t) => {
    t.deepEqual((await outcomes)[at]?.wrong, [])
  })
}
