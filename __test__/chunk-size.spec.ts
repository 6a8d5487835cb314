import test from 'ava'

import { AdaptiveChunkSize } from '../src-ts/calls/chunk-size.js'

/** The sizes of so many chunks that are made before any result is there. */
function sizesOf(size: AdaptiveChunkSize, remaining: number, chunks: number): readonly number[] {
  return Array.from({ length: chunks }, () => {
    const next = size.next(remaining)
    size.take()
    return next
  })
}

test('the chunks of a long list grow before the first result is there', (t) => {
  const size = new AdaptiveChunkSize(2, true)
  t.deepEqual(sizesOf(size, 1e6, 12), [1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4])
  t.is(Math.max(...sizesOf(size, 1e6, 100)), 64)
})

test('the chunks of a short list stay small, so that every worker gets some of it', (t) => {
  t.deepEqual(sizesOf(new AdaptiveChunkSize(2, true), 20, 12), Array(12).fill(1))
  t.is(Math.max(...sizesOf(new AdaptiveChunkSize(8, true), 640, 200)), 10)
})

test('without the whole list the chunks do not grow before the first result is there', (t) => {
  t.deepEqual(sizesOf(new AdaptiveChunkSize(2), 1e6, 100), Array(100).fill(1))
})

test('chunks that have grown shrink at once when the tasks are slow, and grow when they are fast', (t) => {
  const size = new AdaptiveChunkSize(2, true)
  sizesOf(size, 1e6, 100)
  size.learn(1, 10_000)
  t.is(size.next(1e6), 1)
  const fast = new AdaptiveChunkSize(2, true)
  sizesOf(fast, 1e6, 100)
  fast.learn(64, 10)
  t.is(fast.next(1e6), 512)
})
