import test from 'ava'

import { LazyResults } from '../src-ts/calls/iterator.js'
import { ReadyResults } from '../src-ts/calls/ready-results.js'
import { randomNumbers } from './helpers/random.js'

test('results come in the order of the input, in whatever order they arrive', (t) => {
  const random = randomNumbers(5)
  const below = (limit: number): number => Math.floor(random() * limit)
  for (let round = 0; round < 50; round++) {
    const ready = new ReadyResults(true)
    const count = 1 + below(4000)
    // Chunks of a few workers: the tasks of each come in their order.
    const open = Array.from({ length: count }, (_, index) => index)
    const taken: unknown[] = []
    while (taken.length < count) {
      for (let n = below(200); n > 0 && open.length > 0; n--) {
        const [index = 0] = open.splice(below(Math.min(open.length, 40)), 1)
        ready.add(index, index % 7 === 0 ? undefined : index)
      }
      t.true(ready.size <= count - taken.length)
      for (let n = below(250); n > 0 && ready.hasNext; n--) {
        const seen = ready.next
        t.is(ready.take(), seen)
        taken.push(seen)
      }
    }
    t.deepEqual(
      taken,
      Array.from({ length: count }, (_, index) => (index % 7 === 0 ? undefined : index))
    )
    t.deepEqual([ready.size, ready.hasNext], [0, false])
  }
})

test('results come as they arrive without an order, and none is kept after it was taken', (t) => {
  const ready = new ReadyResults(false)
  for (let index = 0; index < 5000; index++) ready.add(4999 - index, index)
  for (let index = 0; index < 3000; index++) t.is(ready.take(), index)
  t.is(ready.size, 2000)
  ready.add(0, 'last')
  for (let index = 3000; index < 5000; index++) t.is(ready.take(), index)
  t.is(ready.take(), 'last')
  t.false(ready.hasNext)
  ready.add(1, 1)
  ready.clear()
  t.deepEqual([ready.size, ready.hasNext], [0, false])
})

test('the call looks for new items at each step while little is ready, and in time while much is', async (t) => {
  const results = new LazyResults('imapUnordered', false)
  let looks = 0
  results.attach({ advance: () => looks++, drop: () => undefined, setAwaited: () => undefined })
  for (let index = 0; index < 1000; index++) results.value(index, index)
  const seen: number[] = []
  for (let index = 0; index < 1000; index++) {
    t.deepEqual(await results.next(), { done: false, value: index })
    seen.push(looks)
  }
  t.true((seen[799] ?? 0) >= 20 && (seen[799] ?? 0) <= 30, `${seen[799]} looks in 800 steps`)
  // Near the end each step looks.
  t.is((seen[999] ?? 0) - (seen[949] ?? 0), 50)
  const pending = results.next()
  results.value(1000, 'late')
  t.deepEqual(await pending, { done: false, value: 'late' })
  results.end()
  t.deepEqual(await results.next(), { done: true, value: undefined })
})

test('a failure comes after the results before it, once, and then the iterator has ended', async (t) => {
  for (const kind of ['imap', 'imapUnordered'] as const) {
    const results = new LazyResults(kind, false)
    let drops = 0
    results.attach({ advance: () => undefined, drop: () => drops++, setAwaited: () => undefined })
    results.value(0, 'a')
    t.is(results.failure(1, new SyntaxError('no')), kind === 'imap' ? 'drain' : 'end')
    results.value(2, 'never read')
    t.deepEqual(await results.next(), { done: false, value: 'a' })
    await t.throwsAsync(results.next(), { instanceOf: SyntaxError })
    t.deepEqual(await results.next(), { done: true, value: undefined })
    t.is(drops, 1)
  }
})
