import test from 'ava'

import { layout } from '../index.js'
import * as frames from '../src-ts/protocol/frames.js'
import { BATCH, PASS_CONTEXT } from '../src-ts/protocol/own-flags.js'
import * as words from '../src-ts/protocol/words.js'

/** The core knows more words of the status block than a worker's JavaScript. */
const CORE_ALONE = new Set(['STATUS_WORDS'])
const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

test('every number of the protocol is the same in TypeScript and in the core', (t) => {
  const core = Object.entries(layout()).filter(([name]) => !CORE_ALONE.has(name))
  const numbers = Object.entries({ ...frames, ...words }).filter(([, value]) => typeof value === 'number')
  t.true(numbers.length > 50)
  t.deepEqual(new Map(numbers.toSorted(byName)), new Map(core.toSorted(byName)))
})

test("a flag that only TypeScript reads overlaps neither the core's flags nor the bits of the call", (t) => {
  const { EACH, FAIL_FAST, SPREAD, URGENT, TIMED, LOAD, CALL_SHIFT } = frames
  const ofCore = EACH | FAIL_FAST | SPREAD | URGENT | TIMED | LOAD
  t.is((PASS_CONTEXT | BATCH) & ofCore, 0)
  t.is(PASS_CONTEXT & BATCH, 0)
  t.true((PASS_CONTEXT | BATCH) < 1 << CALL_SHIFT)
})

test('two modules of the protocol do not use one name for two numbers', (t) => {
  t.deepEqual(
    Object.keys(words).filter((name) => name in frames),
    []
  )
})

test('padding is to a multiple of eight bytes', (t) => {
  t.deepEqual([0, 1, 7, 8, 9].map(frames.paddedLength), [0, 8, 8, 8, 16])
})
