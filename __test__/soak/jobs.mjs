// The tasks of the soak. What one gives follows from its item, so that the model can tell what is right.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { currentTask, sharedArray } from '../../dist/index.js'
import { live } from './life-jobs.mjs'

/**
 * @typedef {object} Item
 * @property {string} log the file that each execution is noted in
 * @property {number} call
 * @property {number} number
 * @property {'sync' | 'async' | 'spin' | 'throw' | 'rejects' | 'loops' | 'hangs' | 'heeds'} kind `loops` and `hangs` only where
 *   a time-out or an abort ends them; `heeds` ends when it is told of an abort, or after a while
 * @property {number} ms how long it takes, save for `sync` and `throw`
 * @property {number} print how long the line is that it writes to stdout, beyond what names the task
 * @property {number} give bytes of the result
 * @property {Uint8Array} bytes
 * @property {{ isReady: boolean, salt: number | undefined }} promised what the life of its worker has
 * @property {Int32Array} [array] shared by all items of a call: the task writes the number of its call behind its own number
 */

/** The byte that fills what a task is given, and, one higher, what it gives. */
export const fillOf = ({ call, number }) => (call * 31 + number) % 255

/** How long a task waits to be told of an abort. */
const HEED_MS = 2_500

/** Whether these are so many bytes, all of them the same. */
export function isFilled(bytes, length, fill) {
  return bytes.length === length && Buffer.alloc(length, fill).equals(bytes)
}

/** @param {Item} item */
export function work(item) {
  const { call, number, kind, ms, bytes } = item
  note('begins', item)
  live(item.promised)
  if (item.array !== undefined) Atomics.store(item.array, number + 1, call)
  process.stdout.write(`${call} ${number} ${process.pid} ${item.print} ${'x'.repeat(item.print)}\n`)
  const fill = fillOf(item)
  if (!isFilled(bytes, bytes.length, fill)) throw new Error(`item ${number} of call ${call} came wrong`)
  if (kind === 'throw') throw planned(item)
  if (kind === 'loops') for (;;);
  if (kind === 'hangs') return new Promise(() => undefined)
  if (kind === 'heeds') return heed(item)
  if (kind === 'async' || kind === 'rejects') return later(item)
  if (kind === 'spin') for (const end = performance.now() + ms; performance.now() < end;);
  return result(item)
}

function note(what, { log, call, number }) {
  appendFileSync(log, `${what} ${call} ${number} ${process.pid} ${Date.now()}\n`)
}

async function heed(item) {
  const { signal } = currentTask()
  if (!signal.aborted) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, HEED_MS)
      signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true })
    })
  }
  note(signal.aborted ? 'heard' : 'untold', item)
  if (item.ms % 2 === 1) throw planned(item)
  return result(item)
}

async function later(item) {
  await sleep(item.ms)
  if (item.kind === 'rejects') throw planned(item)
  return result(item)
}

function planned({ call, number }) {
  return Object.assign(new RangeError('planned'), { call, number })
}

function result(item) {
  const { workerId, index } = currentTask()
  const { call, number, give, array } = item
  // Arrays of their own are a part of some results: what a worker has made, the program maps.
  const made = array !== undefined && number % 4 === 0 ? sharedArray(Int32Array, [call, number]) : undefined
  return { call, number, index, workerId, bytes: Buffer.alloc(give, fillOf(item) + 1), made }
}
