// Runs one fault on one Node.js peer; says in lines of JSON what comes of it. The arguments: peer, fault, file of notes.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const [peer, fault, notes] = process.argv.slice(2)
const PATIENCE_MS = Number(process.env.PATIENCE_MS)
const CULPRIT = 3
const COUNT = 8

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

/** Whether the promise was kept, broken, or neither in time; and whether its value is right. */
async function outcomeOf(promise, number, deadline) {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve('open'), Math.max(deadline - performance.now(), 0))
  })
  const settled = promise.then(
    (value) => (value === number * 3 + 1 ? 'right' : 'wrong'),
    () => 'rejected'
  )
  const outcome = await Promise.race([settled, late])
  clearTimeout(timer)
  return outcome
}

async function settle(pool, tasks) {
  const deadline = performance.now() + PATIENCE_MS
  return Promise.all(
    tasks.map((task) => {
      try {
        return outcomeOf(Promise.resolve(pool.run(task)), task.number, deadline)
      } catch {
        return 'rejected'
      }
    })
  )
}

async function ends(work) {
  const closed = Promise.resolve(work()).then(
    () => 'yes',
    () => 'no'
  )
  return Promise.race([closed, sleep(PATIENCE_MS, 'open', { ref: true })])
}

const noted = () => readFileSync(notes, 'utf8').split('\n').slice(0, -1)

async function untilNoted(count) {
  while (noted().length < count) await sleep(5)
}

const { open } = await import(`./adapters/${peer}.mjs`)
const pool = open()
// Each task of a run has a number of its own: none is to run twice.
const harmless = (count, from = 0) => Array.from({ length: count }, (_, at) => ({ number: from + at, notes }))

if (fault === 'a busy loop, the pool is terminated' || fault === 'the parent is killed') {
  const busy = settle(
    pool,
    harmless(2).map((task) => ({ ...task, fault: 'infinite loop' }))
  )
  await untilNoted(2)
  say({ busy: true })
  if (fault === 'the parent is killed') await sleep(1e6)
  const ended = await ends(() => pool.terminate())
  say({ ended, first: await busy })
} else {
  let first
  if (fault === 'an idle worker is killed') {
    await settle(pool, harmless(4, 200))
    const victim = Number(noted()[0].split(' ')[1])
    await sleep(200)
    if (victim === process.pid) {
      say({ isThread: true })
      process.exit(0)
    }
    process.kill(victim, 'SIGKILL')
    first = await settle(pool, harmless(COUNT))
  } else {
    first = await settle(
      pool,
      harmless(COUNT).map((task) => (task.number === CULPRIT && fault !== 'no fault' ? { ...task, fault } : task))
    )
  }
  say({ first })
  say({ again: await settle(pool, harmless(4, 100)) })
  say({ ended: await ends(() => pool.close()) })
}
process.exit(0)
