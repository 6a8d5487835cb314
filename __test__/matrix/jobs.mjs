// The tasks of the matrix.
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { sharedArray } from '../../dist/index.js'
import { faults } from './faults.mjs'

/** Of items and results that are called large. */
export const LARGE_BYTES = 100 * 1024 * 1024

/** Of results that are in blocks, several of them at once. */
export const BLOCK_BYTES = 1024 * 1024

/** What a harmless task makes of its number. */
export const expected = (number) => number * 3 + 1

/** The task that the fault hits, and what all of them give. */
export const CULPRIT = 4
export const EXPECTED = Array.from({ length: 9 }, (_, number) => expected(number))

/** What a task writes into a shared array, at its number. */
export const written = (number) => number + 100

/** True for the first who asks: the fault happens in one worker only. */
export function isFirst(lock) {
  try {
    mkdirSync(lock)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** Notes the process for whoever kills what would go on for ever, then lets the fault happen. */
export function suffer(fault, scratch) {
  appendFileSync(`${scratch}/suffering`, `${process.pid}\n`)
  return faults[fault].act()
}

/**
 * Notes that the task began; then is harmless, or what `part` says.
 *
 * @param {{ call: string, number: number, scratch: string, part?: 'run' | 'split' | 'take' | 'hold' | 'send' | 'read' | 'fill' | 'leave', fault?: string, bytes?: Uint8Array, array?: Int32Array, delay?: number }} item
 */
export function work({ call, number, scratch, part, fault, bytes, array, delay }) {
  appendFileSync(`${scratch}/begun`, `${call} ${number} ${process.pid}\n`)
  if (array !== undefined) Atomics.store(array, number, written(number))
  if (part === 'hold') return holdAndSuffer(array, fault, scratch)
  if (part === 'run') return suffer(fault, scratch)
  if (part === 'split') {
    waitForOther(call, number, scratch)
    return suffer(fault, scratch)
  }
  if (part === 'take') return bytes.length
  if (part === 'send') return send(fault, scratch, delay)
  if (part === 'fill') return fill(fault, scratch)
  if (part === 'leave') return Buffer.alloc(BLOCK_BYTES, number)
  if (part === 'read') {
    // The thread may be late. It must not strike while another task runs.
    if (hasArmedThread) waitForEnd()
    return bytes.length
  }
  return expected(number)
}

/** The fault happens while the worker has an array of the parent and one of its own, which both have been written to. */
async function holdAndSuffer(array, fault, scratch) {
  const own = sharedArray(Int32Array, array)
  await suffer(fault, scratch)
  return own.length
}

/** `workerInit`: the fault happens in it, in one worker. */
export async function init({ state }) {
  const { fault, scratch } = JSON.parse(process.env.MILLRACE_MATRIX)
  if (isFirst(`${scratch}/lock`)) await suffer(fault, scratch)
  state.isReady = true
}

/** `workerExit`: the fault happens in it, in one worker. The others say who they were. */
export async function exit() {
  const { fault, scratch } = JSON.parse(process.env.MILLRACE_MATRIX)
  if (isFirst(`${scratch}/lock`)) await suffer(fault, scratch)
  return process.pid
}

/** Returns when a task behind this one has begun in another process: what is left of this chunk was given away. */
function waitForOther(call, number, scratch) {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const isElsewhere = (line) => {
    const [other, at, pid] = line.split(' ')
    return other === call && Number(at) > number && Number(pid) !== process.pid
  }
  while (!readFileSync(`${scratch}/begun`, 'utf8').split('\n').some(isElsewhere)) Atomics.wait(pause, 0, 0, 2)
}

function waitForEnd() {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (;;) Atomics.wait(pause, 0, 0, 1000)
}

/** Starts the thread that ends this process when its memory has grown by a share of a large item or result. */
async function startThread(fault, scratch, options) {
  const thread = new Worker(new URL('killer-thread.mjs', import.meta.url), {
    workerData: { ...faults[fault].fromThread, delay: 0, scratch, bytes: LARGE_BYTES, ...options }
  })
  await new Promise((resolve) => thread.once('message', resolve))
  return thread
}

/** Gives a large result, and the fault happens while it is copied into a block, or else between that and its outcome. */
async function fill(fault, scratch) {
  const large = Buffer.alloc(LARGE_BYTES, 7)
  const thread = faults[fault].fromThread === undefined ? undefined : await startThread(fault, scratch, { share: 0.3 })
  thread?.postMessage('go', [])
  return {
    large,
    get late() {
      return thread === undefined ? suffer(fault, scratch) instanceof Promise : waitForEnd()
    }
  }
}

/** Gives a large result, and the fault happens on its way: from a thread, or else when the result is read. */
async function send(fault, scratch, delay) {
  const how = faults[fault].fromThread
  const large = Buffer.alloc(LARGE_BYTES, 7)
  if (how === undefined) {
    return {
      large,
      get late() {
        return suffer(fault, scratch) instanceof Promise
      }
    }
  }
  const thread = await startThread(fault, scratch, { delay })
  thread.postMessage('go', [])
  return { large, late: false }
}

/**
 * True where a thread waits for a large item. A worker that took the place of an armed one has none, and gets the item where values
 * come through the ring: the task had not begun when the armed one ended.
 */
let hasArmedThread = false

/** Lets the fault happen later, in one of the workers that are asked: while it is idle, when it leaves, or when a large item comes. */
export async function arm({ when, fault, scratch }) {
  if (when === 'reading' && faults[fault].fromThread !== undefined) {
    // The other worker's thread waits for an item that never comes.
    const thread = await startThread(fault, scratch, { share: 0.25, patience: Infinity })
    thread.unref()
    thread.postMessage('go', [])
    hasArmedThread = true
    return
  }
  const act = () => void (isFirst(`${scratch}/lock`) && suffer(fault, scratch))
  if (when === 'idle') setTimeout(act, 30)
  else if (when === 'leaving') process.on('exit', act)
  else watchMemory(act)
}

/** Acts when a good part of a large item has come in. */
function watchMemory(act) {
  const limit = process.memoryUsage.rss() + LARGE_BYTES / 4
  const look = () => {
    if (process.memoryUsage.rss() > limit) return act()
    setImmediate(look)
  }
  look()
}
