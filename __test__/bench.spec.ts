import test from 'ava'

import { notesOf, ratioOf, ratiosOf, tableOf, targetText } from '../bench/table.mjs'
import { checkEcho, checkNumbers, median, spread } from '../bench/timing.mjs'

const row = {
  key: 'apply',
  title: 'one `apply`',
  unit: 'µs',
  better: 'less' as const,
  targets: [
    { than: 'fork', factor: 0.5 },
    { than: ['tinypool', 'workerpool'], words: 'the best pool', factor: 0.25 }
  ]
}

function resultOf(samples: Record<string, number[]>, failures: Record<string, string> = {}, more = {}) {
  return {
    row: { ...row, ...more },
    samples: new Map(Object.entries(samples)),
    failures: new Map(Object.entries(failures))
  }
}

test('the median of an even count is between the two in the middle', (t) => {
  t.is(median([3, 1, 2]), 2)
  t.is(median([4, 1, 2, 3]), 2.5)
})

test('the spread is half of the distance between the extremes, as a share of the median', (t) => {
  t.is(spread([9, 10, 13]), 0.2)
  t.is(spread([0, 0, 0]), 0)
})

test('a ratio is taken round by round, so that a slow round of both does not change it', (t) => {
  t.is(ratioOf([1, 2, 100], [2, 4, 200]), 0.5)
  t.is(ratioOf([1, 1], [2]), 0.5)
})

test('a target is met at its factor, and the best of several peers is the one that counts', (t) => {
  const result = resultOf({ millrace: [10], fork: [20], tinypool: [90], workerpool: [30] })
  t.deepEqual(ratiosOf(result), [
    { than: 'fork', wanted: 0.5, ratio: 0.5, isMet: true },
    { than: 'workerpool', wanted: 0.25, ratio: 10 / 30, isMet: false }
  ])
})

test('where more is better, the best peer has the greatest value and a ratio must reach the factor', (t) => {
  const more = { better: 'more' as const, targets: [{ than: ['a', 'b'], factor: 2 }] }
  const [ratio] = ratiosOf(resultOf({ millrace: [10], a: [4], b: [6] }, {}, more))
  t.deepEqual(ratio, { than: 'b', wanted: 2, ratio: 10 / 6, isMet: false })
})

test('a target without a peer concerns the value itself', (t) => {
  const more = { targets: [{ factor: 0 }] }
  t.deepEqual(ratiosOf(resultOf({ millrace: [0, 0] }, {}, more)), [
    { than: undefined, wanted: 0, ratio: 0, isMet: true }
  ])
  t.is(targetText({ ...row, ...more }), 'at most 0 µs')
})

test('who was not measured has no ratio', (t) => {
  t.deepEqual(ratiosOf(resultOf({ millrace: [10] })), [])
  t.deepEqual(ratiosOf(resultOf({ fork: [10] })), [])
})

test('a line of the table has the target, each peer, the ratios and the limit', (t) => {
  const result = resultOf({ millrace: [10, 12, 14], fork: [40, 40, 40], limit: [2] }, { tinypool: 'it broke' })
  t.deepEqual(tableOf([result], ['millrace', 'fork', 'tinypool', 'piscina']), [
    ['what', 'target', 'millrace', 'fork', 'tinypool', 'piscina', 'ratio', 'limit'],
    ['one `apply`, µs', '0.5x fork, 0.25x the best pool', '12 ±17%', '40 ±0%', 'failed', '-', '0.3x fork (met)', '2']
  ])
})

test('failures, hung peers and values without a column are told apart', (t) => {
  const failures = { fork: 'no answer to apply within 30 s', millrace: 'not there yet' }
  const result = resultOf({ JSON: [3] }, failures)
  const [, line] = tableOf([result], ['millrace', 'fork'])
  t.deepEqual(line?.slice(2, 4), ['not there yet', 'hung'])
  t.deepEqual(notesOf([result], ['millrace', 'fork']), [
    'apply, fork: no answer to apply within 30 s',
    'apply, in µs: JSON 3'
  ])
})

test('a result that differs from what was sent is an error', (t) => {
  t.notThrows(() => checkNumbers([1, 2], [1, 2]))
  t.throws(() => checkNumbers([1, 2], [1, 3]), { message: 'a number came back changed' })
  t.throws(() => checkNumbers([1, 2], [1]), { message: 'a number came back changed' })
  t.notThrows(() => checkEcho([Buffer.from('a')], [new Uint8Array([97])]))
  t.throws(() => checkEcho([Buffer.from('a')], [Buffer.from('b')]), { message: 'a buffer came back changed' })
})
