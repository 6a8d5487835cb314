// The crash matrix: every fault, in every phase of a worker's life, under every kind of call.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sharedArray, tasks, WorkerPool } from '../../dist/index.js'
import { faults } from './faults.mjs'
import { CULPRIT, EXPECTED, LARGE_BYTES, written } from './jobs.mjs'
import { judge, wrongExitReason, wrongReason } from './judge.mjs'
import { Watch } from './watch.mjs'

const jobs = tasks(new URL('jobs.mjs', import.meta.url))

/** @type {Readonly<Record<'workerInit' | 'workerExit', unknown>>} */
const lives = { workerInit: jobs.init, workerExit: jobs.exit }

/** Generous: only what hangs takes that long. */
const HANG_MS = 60_000
/** From when a large result has been encoded: while it is sent, or a little later. */
const DELAYS_MS = [0, 5, 20, 60]
/** Ends infinite loops in tasks. Far more than any other task takes. */
const TASK_TIMEOUT_MS = 1500
/** Ends infinite loops in inits and exits, as above. */
const LIFE_TIMEOUT_MS = 8000

/**
 * What may become of the tasks. `fails`: the culprit fails by the fault, no other one does. `any`: the culprit fails by the
 * fault, or has its result: the fault may come late. `one`: as `any`, of whichever task. `none`: no task may be lost. `calls`:
 * the calls that name the init fail, and nothing else.
 *
 * @typedef {{ readonly lose: 'fails' | 'any' | 'one' | 'none' | 'calls', readonly part?: 'run' | 'split' | 'take' | 'hold' | 'send' | 'read' | 'fill' | 'leave', readonly chunkSize: number, readonly life?: 'workerInit' | 'workerExit' }} Phase
 * @type {Readonly<Record<string, Phase>>}
 */
export const phases = {
  starting: { lose: 'one', chunkSize: 1 },
  'in a preload': { lose: 'none', chunkSize: 1 },
  'in workerInit': { lose: 'calls', chunkSize: 3, life: 'workerInit' },
  'receiving 100 MB': { lose: 'none', part: 'take', chunkSize: 1 },
  'running alone': { lose: 'fails', part: 'run', chunkSize: 1 },
  'running in a chunk': { lose: 'fails', part: 'run', chunkSize: 3 },
  'while its chunk is split': { lose: 'fails', part: 'split', chunkSize: 9 },
  // Windows has no shared arrays yet.
  ...(process.platform === 'win32' ? {} : { 'holding a shared array': { lose: 'fails', part: 'hold', chunkSize: 3 } }),
  'sending 100 MB': { lose: 'any', part: 'send', chunkSize: 3 },
  'while it reads a block': { lose: 'any', part: 'read', chunkSize: 1 },
  'while it fills a block': { lose: 'any', part: 'fill', chunkSize: 3 },
  'while its blocks are copied': { lose: 'fails', part: 'leave', chunkSize: 5 },
  idle: { lose: 'none', chunkSize: 1 },
  'in workerExit': { lose: 'none', chunkSize: 3, life: 'workerExit' },
  leaving: { lose: 'none', chunkSize: 3 }
}

/** How results come: one by one with a reason where there is none, or all or nothing. */
export const methods = {
  async apply(pool, items, { taskTimeout, workerInit, workerExit }) {
    const options = { taskTimeout, workerInit, workerExit }
    return Promise.allSettled(items.map((item) => pool.apply(jobs.work, [item], options)))
  },
  async map(pool, items, options) {
    return whole(() => pool.map(jobs.work, items, options))
  },
  async imap(pool, items, options) {
    const settled = []
    try {
      for await (const value of pool.imap(jobs.work, items, options)) settled.push({ status: 'fulfilled', value })
    } catch (reason) {
      settled.push({ status: 'rejected', reason })
    }
    return settled
  },
  async mapSettled(pool, items, options) {
    try {
      return await pool.mapSettled(jobs.work, items, options)
    } catch (reason) {
      return [{ status: 'rejected', reason }]
    }
  }
}

async function whole(call) {
  try {
    return (await call()).map((value) => ({ status: 'fulfilled', value }))
  } catch (reason) {
    return [{ status: 'rejected', reason }]
  }
}

/** @typedef {{ fault: string, phase: string, method: string }} Cell */

/** Every cell, phase by phase. @type {() => Cell[]} */
export function allCells() {
  return Object.keys(phases).flatMap((phase) =>
    Object.keys(faults).flatMap((fault) => Object.keys(methods).map((method) => ({ fault, phase, method })))
  )
}

/** Each fault in each phase once, under one of the methods: every row, every column, each method in each of them. */
export function someCells() {
  const names = Object.keys(methods)
  return Object.keys(phases).flatMap((phase, column) =>
    Object.keys(faults).flatMap((fault, row) =>
      (row + column) % 3 === 0 ? [{ fault, phase, method: names[(row + 2 * column) % names.length] }] : []
    )
  )
}

async function within(promise, what) {
  let timer
  const watchdog = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`hangs: ${what}`)), HANG_MS)
  })
  try {
    return await Promise.race([promise, watchdog])
  } finally {
    clearTimeout(timer)
  }
}

/** Who began a task of this call, or, without one, in whom the fault happened. @returns {Set<number>} */
function pidsIn(file, call) {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return new Set(
    lines.flatMap((line) => (call && !line.startsWith(`${call} `) ? [] : [Number(line.split(' ').at(-1))]))
  )
}

/** What is wrong when the fault has happened in an exit: one error tells of it, and the results of all others are there. */
async function wrongExits(pool, fault, joined, scratch) {
  const reason = await joined.then(
    () => 'nothing',
    (error) => error
  )
  const problem = wrongExitReason(fault, reason)
  const lost = pidsIn(`${scratch}/suffering`)
  const others = [...pidsIn(`${scratch}/begun`, 'hit')].filter((pid) => !lost.has(pid))
  const results = pool.getExitResults()
  const areThere = results.toSorted().join() === others.toSorted().join()
  const wrong = problem === '' ? [] : [`stopAndJoin was ${problem}`]
  return areThere ? wrong : [...wrong, `the exits of ${others} gave ${results}`]
}

/** Runs one cell in this process. @param {Cell} cell @returns {Promise<{ wrong: string[], lost: number }>} */
export async function runCell(cell) {
  const { fault, phase, method } = cell
  const { part, chunkSize, life } = phases[phase]
  const scratch = mkdtempSync(join(tmpdir(), 'millrace-matrix-'))
  const isTimed = fault === 'infinite loop' && ['run', 'split', 'hold', 'send', 'leave'].includes(part ?? '')
  const taskTimeout = isTimed ? TASK_TIMEOUT_MS : undefined
  const isLeaving = phase === 'leaving' || life === 'workerExit'
  // What the pool ends by itself is not killed from outside.
  const isEndedByPool = fault === 'infinite loop' && (isTimed || isLeaving || life !== undefined)
  const watch = new Watch(faults[fault].isKilled === true && !isEndedByPool, scratch)
  const wrong = []
  let lost = 0
  const pool = new WorkerPool({
    nJobs: 2,
    // What ends a worker may take its time, under wine seconds. Only a loop has no end of its own.
    ...(life === undefined ? {} : { [`${life}Timeout`]: fault === 'infinite loop' ? LIFE_TIMEOUT_MS : HANG_MS }),
    stdio: process.env.MILLRACE_MATRIX_STDIO ?? 'ignore',
    env: { ...process.env, MILLRACE_MATRIX: JSON.stringify({ fault, phase, scratch }) },
    execArgv: [
      ...(fault === 'heap exhaustion' ? ['--max-old-space-size=40'] : []),
      ...(phase === 'starting' || phase === 'in a preload'
        ? ['--import', new URL('preload.mjs', import.meta.url).href]
        : [])
    ]
  })
  let starts = 0
  pool.on('workerStart', ({ pid }) => {
    starts++
    watch.see(pid)
  })
  pool.on('workerExit', ({ pid }) => watch.exited(pid))
  pool.on('error', () => undefined)
  const items = (call) => EXPECTED.map((_, number) => ({ call, number, scratch }))
  const array = part === 'hold' ? sharedArray(Int32Array, EXPECTED.length) : undefined
  const withArray = (call) => (array === undefined ? items(call) : items(call).map((item) => ({ ...item, array })))
  const check = async (what, options) => {
    const values = await within(pool.map(jobs.work, withArray(what), { chunkSize: 1, ...options }), what)
    if (values.join() !== EXPECTED.join()) wrong.push(`${what}: ${values}`)
    if (array?.some((value, at) => value !== written(at))) wrong.push(`${what}: the shared array has ${array}`)
  }
  try {
    if (phase === 'idle' || phase === 'leaving' || part === 'take' || part === 'read') {
      const when = part === 'take' ? 'receiving' : part === 'read' ? 'reading' : phase
      const armed = pool.map(
        jobs.arm,
        [1, 2].map(() => ({ when, fault, scratch })),
        { chunkSize: 1, orderTasks: true }
      )
      await within(armed, 'the fault is armed')
    }
    // Half of the calls come to a worker that is dying, the others to what is left of the pool.
    if (phase === 'idle') await within(watch.fault(method === 'map' || method === 'imap'), 'the fault happens')
    const hit = withArray('hit')
    if (part !== undefined) {
      const bytes = part === 'take' || part === 'read' ? { bytes: Buffer.alloc(LARGE_BYTES) } : {}
      if (part === 'leave') for (const item of hit) item.part = part
      const culprit = part === 'leave' ? 'run' : part
      hit[CULPRIT] = {
        ...hit[CULPRIT],
        part: culprit,
        fault,
        ...bytes,
        delay: DELAYS_MS[Object.keys(methods).indexOf(method)]
      }
    }
    const neighbours = within(pool.mapSettled(jobs.work, items('neighbour')), 'the neighbours')
    const options = { chunkSize, taskTimeout, ...(life === undefined ? {} : { [life]: lives[life] }) }
    const settled = await within(methods[method](pool, hit, options), 'the call that is hit')
    const judged = judge(cell, phases[phase], settled)
    lost = judged.lost
    wrong.push(...judged.wrong)
    for (const [at, { status, value, reason }] of (await neighbours).entries()) {
      const isSpared = phase === 'starting' && lost === 0 && status === 'rejected' && wrongReason(fault, reason) === ''
      if (isSpared) lost++
      else if (value !== EXPECTED[at]) wrong.push(`neighbour ${at}: ${status} ${value ?? reason}`)
    }
    for (const [at, { status }] of settled.entries()) {
      if (array === undefined || (status === 'rejected' && (method === 'map' || at !== CULPRIT))) continue
      if (array[at] !== written(at)) wrong.push(`task ${at} wrote ${array[at]} into the shared array`)
    }
    array?.fill(0)
    await check('afterwards')
    if (life === 'workerInit') {
      // The first two, and one in place of the one that died.
      if (starts > 3) wrong.push(`${starts} workers were started`)
      await check('again', options)
    }
    if (!isLeaving && !(await watch.happened())) wrong.push('the fault did not happen')
    const joined = within(pool.stopAndJoin(), 'stopAndJoin')
    if (life === 'workerExit') wrong.push(...(await wrongExits(pool, fault, joined, scratch)))
    else await joined
    if (isLeaving && !(await watch.happened())) wrong.push('the fault did not happen')
  } catch (error) {
    wrong.push(error.message.startsWith('hangs: ') ? error.message : String(error.stack))
  } finally {
    await within(pool.terminate(), 'terminate').catch((error) => wrong.push(error.message))
    array?.release()
  }
  const { submitted, completed, failed, cancelled, running, queued } = pool.stats
  if (running !== 0 || queued !== 0 || submitted !== completed + failed + cancelled)
    wrong.push(`the counts do not add up: ${JSON.stringify(pool.stats)}`)
  // The file is missing if no task ever began.
  const begun = existsSync(`${scratch}/begun`) ? readFileSync(`${scratch}/begun`, 'utf8').split('\n').slice(0, -1) : []
  const begunTasks = begun.map((line) => line.split(' ').slice(0, 2).join(' '))
  const twice = begunTasks.filter((task, at) => begunTasks.indexOf(task) !== at)
  if (twice.length > 0) wrong.push(`ran twice: ${twice.join(', ')}`)
  wrong.push(...(await watch.end()))
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10 })
  return { wrong, lost }
}
