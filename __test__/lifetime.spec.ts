import test from 'ava'

import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

interface Usage {
  readonly descriptors: number
  readonly threads: number
  readonly rss: number
}

const MIB = 1024 * 1024

for (const [used, count] of [
  ['unused', 200],
  ['used', 12]
] as const) {
  test(`${count} pools that were created and closed leave nothing behind, ${used}`, async (t) => {
    const script = run(t, 'many-pools.mjs', [String(count), used], { execArgv: ['--expose-gc'] })
    const { code, lines, stderr } = await within(script.end, 'the pools are not closed')
    t.deepEqual([code, stderr], [0, ''])
    const { before, after, unswept } = JSON.parse(lines[0] ?? '') as { before: Usage; after: Usage; unswept: number }
    t.is(after.threads, before.threads)
    t.is(after.descriptors, before.descriptors)
    t.is(unswept, before.descriptors, 'descriptors do not wait for the garbage collector')
    t.true(after.rss - before.rss < 16 * MIB, `${(after.rss - before.rss) / MIB} MiB`)
  })
}

for (const [what, way, printed] of [
  ['an idle pool that nobody holds takes its workers with it', 'idle', []],
  ['so does one whose iterator has ended', 'iterated', []],
  ['a pool that nobody holds finishes its open call first', 'pending', []],
  ['a pool that nobody holds leaves in order once it was closed', 'closing', ['joined']],
  ['an iterator keeps its pool', 'iterator', ['true', 'true']],
  ['a listener keeps its pool', 'listener', ['true', 'true']],
  ['a listener that was removed does not keep its pool', 'formerListener', []],
  ['a pool that is held keeps its workers', 'held', ['true true']]
] as const) {
  test(what, async (t) => {
    const script = run(t, 'dropped-pool.mjs', [way], { execArgv: ['--expose-gc'] })
    const { code, lines, stderr } = await within(script.end, 'the worker stays')
    t.deepEqual([code, stderr], [0, ''])
    t.deepEqual(lines, [...printed, 'done'])
  })
}
