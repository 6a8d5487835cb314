// What it costs to hand over a function: to prepare it, the first call with it, and the thousandth.
//
//   node --import=@oxc-node/core/register bench/functions.mjs
import { WorkerPool } from 'millrace'
import { prepareFunction } from '../src-ts/functions/resolve.js'

const constant = 3
let variable = 3
variable++
const object = { factor: 3 }
const helper = (x) => x * constant

// Each of them anew, as when it is written in a loop.
const kinds = {
  'no variables': () => (x) => x,
  'a captured const': () => (x) => x * constant,
  'a captured function': () => (x) => helper(x),
  'a captured const object': () => (x) => x * object.factor,
  'a captured let': () => (x) => x * variable
}

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1]

async function time(act) {
  const start = performance.now()
  await act()
  return performance.now() - start
}

const pool = new WorkerPool({ nJobs: 1 })
await pool.apply((x) => x, [1])
const rows = {}
for (const [kind, make] of Object.entries(kinds)) {
  const first = await time(() => prepareFunction(make()))
  const prepared = []
  for (let round = 0; round < 200; round++) prepared.push(await time(() => prepareFunction(make())))
  const fn = make()
  const firstCall = await time(() => pool.apply(fn, [1]))
  const calls = []
  for (let round = 0; round < 1000; round++) calls.push(await time(() => pool.apply(fn, [1])))
  rows[kind] = {
    'first of its script, ms': first.toFixed(2),
    'prepare, ms': median(prepared).toFixed(3),
    'first call, ms': firstCall.toFixed(3),
    'later call (median), ms': median(calls).toFixed(3)
  }
}
console.table(rows)
await pool.stopAndJoin()
