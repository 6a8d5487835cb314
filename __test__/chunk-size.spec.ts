import test from 'ava'

import { AdaptiveChunkSize, type Crowd } from '../src-ts/calls/chunk-size.js'
import { readPoolOptions, sharedCpus } from '../src-ts/options/index.js'
import { Window } from '../src-ts/calls/window.js'

/** The sizes of so many chunks that are made before any result is there. */
function sizesOf(size: AdaptiveChunkSize, remaining: number, chunks: number): readonly number[] {
  return Array.from({ length: chunks }, () => {
    const next = size.next(remaining)
    size.take()
    return next
  })
}

/** As many workers as CPUs. */
const alone = (nJobs: number): Crowd => ({ nJobs, cpus: nJobs })
const crowd: Crowd = { nJobs: 64, cpus: 2 }

/** The size, once some chunks were made and 64 tasks of a chunk took so long. */
function sizeAfter(workers: Crowd, elapsedUs: number): AdaptiveChunkSize {
  const size = new AdaptiveChunkSize(workers, true)
  sizesOf(size, 1e6, 20)
  size.learn(64, elapsedUs)
  return size
}

test('the chunks of a long list grow before the first result is there', (t) => {
  const size = new AdaptiveChunkSize(alone(2), true)
  t.deepEqual(sizesOf(size, 1e6, 8), [1, 1, 2, 2, 4, 4, 8, 8])
  t.is(Math.max(...sizesOf(size, 1e6, 100)), 512)
})

test('they grow as fast with many workers', (t) => {
  t.deepEqual(
    sizesOf(new AdaptiveChunkSize(crowd, true), 1e6, 40),
    sizesOf(new AdaptiveChunkSize(alone(2), true), 1e6, 40)
  )
})

test('the chunks of a short list stay small, so that every worker gets some of it', (t) => {
  t.deepEqual(sizesOf(new AdaptiveChunkSize(alone(2), true), 20, 12), Array(12).fill(1))
  t.is(Math.max(...sizesOf(new AdaptiveChunkSize(alone(8), true), 640, 200)), 10)
})

test('without the whole list the chunks do not grow before the first result is there', (t) => {
  t.deepEqual(sizesOf(new AdaptiveChunkSize(alone(2)), 1e6, 100), Array(100).fill(1))
})

test('chunks that have grown shrink at once when the tasks are slow, and grow when they are fast', (t) => {
  const size = new AdaptiveChunkSize(alone(2), true)
  sizesOf(size, 1e6, 100)
  size.learn(1, 10_000)
  t.is(size.next(1e6), 1)
  const fast = new AdaptiveChunkSize(alone(2), true)
  sizesOf(fast, 1e6, 100)
  fast.learn(64, 10)
  t.is(fast.next(1e6), 4096)
})

test('the time that a chunk itself takes does not count as that of its task, unless it is short beside it', (t) => {
  const size = new AdaptiveChunkSize(alone(2), true)
  size.learn(1, 8)
  t.is(size.next(1e6), 8)
  size.learn(1, 8)
  t.is(size.next(1e6), 64)
  const slow = new AdaptiveChunkSize(alone(2), true)
  slow.learn(1, 4008)
  t.is(slow.next(1e6), 2)
})

test('the chunks of a list grow to eight milliseconds of work, those of an input that is taken piece by piece to two', (t) => {
  const grown = (isDeep: boolean): number => {
    const size = new AdaptiveChunkSize(alone(2), isDeep)
    for (let chunk = 0; chunk < 10; chunk++) size.learn(1000, 10_008)
    return size.next(1e6)
  }
  t.is(grown(true), 800)
  t.is(grown(false), 200)
})

test('the last chunks of workers that share CPUs are larger', (t) => {
  t.is(sizeAfter(alone(64), 648).next(100), 10)
  t.is(sizeAfter(crowd, 896).next(100), 320)
})

test('one chunk that was interrupted changes little if many workers run', (t) => {
  const size = new AdaptiveChunkSize(crowd, true)
  for (let chunk = 0; chunk < 100; chunk++) size.learn(512, 50)
  size.learn(8, 20_000)
  t.true(size.current > 1000)
})

/** How many chunks a window lets out before the first result, and how many with results that took so long. */
function chunksOut(workers: Crowd, elapsedUs: number): { readonly blind: number; readonly known: number } {
  const size = new AdaptiveChunkSize(workers, true)
  const window = new Window(workers, size, undefined, true, 0, 1)
  let left = 1e6
  let tasks = 0
  const fill = (): number => {
    for (let chunks = 0; ; chunks++) {
      const next = size.next(left)
      if (next > window.room(tasks, 0, 0) || left === 0) return chunks
      size.take()
      left -= next
      tasks += next
    }
  }
  const blind = fill()
  size.learn(64, elapsedUs)
  return { blind, known: fill() }
}

test('a map of tiny tasks over a long list is few chunks, however many workers share the CPUs', (t) => {
  for (const workers of [alone(2), crowd]) {
    const { blind } = chunksOut(workers, 300)
    t.true(blind < 25, `${blind} chunks for ${workers.nJobs} workers`)
  }
  t.true(chunksOut(crowd, 300).known < 80)
})

test('every worker has a chunk when tasks are long', (t) => {
  const size = new AdaptiveChunkSize(crowd, true)
  const window = new Window(crowd, size, undefined, true, 0, 1)
  size.learn(1, 1e6)
  t.true(window.room(0, 0, 0) >= 2 * crowd.nJobs * size.next(1e6))
})

test('the workers share the CPUs of their pins, or those that the pool may use', (t) => {
  const machine = { cpuCount: 8, availableCpus: [0, 1, 2, 3], defaultJobs: 3, canPin: true }
  const cpusOf = (options: object): number => sharedCpus(readPoolOptions(options, machine))
  t.is(cpusOf({ nJobs: 64 }), 3)
  t.is(cpusOf({ nJobs: 64, cpuIds: [1] }), 1)
  t.is(cpusOf({ nJobs: 3, cpuIds: [[0, 1], [1], [1, 3]] }), 3)
})
