// A process with a pool whose workers are in some state; it says `ready` and goes when its standard input tells it to, or is killed.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, Worker } from 'node:worker_threads'
import { tasks, WorkerPool } from '../../dist/index.js'

const [way, state, file] = process.argv.slice(2)
const jobs = tasks(new URL('../fixtures/jobs-orphans.mjs', import.meta.url))

const leave = {
  'an exception'() {
    throw new Error('not caught')
  },
  'an unhandled rejection': () => void Promise.reject(new Error('not handled')),
  abort: () => process.abort(),
  'process.exit': () => process.exit(3),
  'heap exhaustion'() {
    const kept = []
    for (;;) kept.push(Array.from({ length: 1000 }, () => ({})))
  }
}

/** How many processes note themselves, and the work that makes them. */
const states = {
  idle: { noted: 0, start: () => undefined },
  'busy loops': { noted: 2, start: (pool) => [pool.apply(jobs.spin, [file]), pool.apply(jobs.spin, [file])] },
  'nested pools': { noted: 5, start: (pool) => [pool.apply(jobs.nest, [file, 2])] },
  'children of tasks': { noted: 3, start: (pool) => [pool.apply(jobs.spinWithChildren, [file])] }
}

async function haveWorkers() {
  writeFileSync(file, '')
  const pool = new WorkerPool({ nJobs: 2, daemon: false, stdio: 'ignore', execArgv: [] })
  await pool.map(jobs.wait, [50, 50], { chunkSize: 1 })
  while (pool.workers.length < 2 || pool.workers.some((worker) => worker.state !== 'idle')) await sleep(5)
  const { noted, start } = states[state]
  void start(pool)
  while (readFileSync(file, 'utf8').split('\n').length - 1 < noted) await sleep(5)
  // The name is given to what is whole.
  writeFileSync(`${file}.workers`, pool.workers.map(({ pid }) => `${pid}\n`).join(''))
  renameSync(`${file}.workers`, `${file}.ready`)
}

// A process or thread with nothing to do would end.
setInterval(() => undefined, 1000)
if (isMainThread && process.platform !== 'win32') {
  // Node ignores this signal from its start on; without a listener it is at its default again.
  const listener = () => undefined
  process.on('SIGPIPE', listener).off('SIGPIPE', listener)
}
if (way === 'the end of its thread' && isMainThread) {
  const thread = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) })
  process.stdin.once('data', () => void thread.terminate())
} else {
  if (isMainThread) process.stdin.once('data', () => leave[way]?.())
  await haveWorkers()
}
