// The crash matrix: every fault, in every phase of a worker's life, under every kind of call.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tasks, TaskTimeoutError, WorkerDiedError, WorkerPool } from '../../dist/index.js'
import { faults, STRAY } from './faults.mjs'
import { BLOCK_BYTES, expected, LARGE_BYTES } from './jobs.mjs'
import { Watch } from './watch.mjs'

const jobs = tasks(new URL('jobs.mjs', import.meta.url))

/** Generous: only what hangs takes that long. */
const HANG_MS = 20_000
/** From when a large result has been encoded: while it is sent, or a little later. */
const DELAYS_MS = [0, 5, 20, 60]
/** Ends infinite loops in tasks. Far more than any other task takes. */
const TASK_TIMEOUT_MS = 1500
const CULPRIT = 4
const COUNT = 9
const EXPECTED = Array.from({ length: COUNT }, (_, number) => expected(number))

/**
 * What may become of the tasks. `fails`: the culprit fails by the fault, no other one does. `any`: the culprit fails by the
 * fault, or has its result: the fault may come late. `one`: as `any`, of whichever task. `none`: no task may be lost.
 *
 * @type {Readonly<Record<string, { readonly lose: 'fails' | 'any' | 'one' | 'none', readonly part?: 'run' | 'split' | 'take' | 'send' | 'read' | 'fill' | 'leave', readonly chunkSize: number }>>}
 */
export const phases = {
  starting: { lose: 'one', chunkSize: 1 },
  'in a preload': { lose: 'none', chunkSize: 1 },
  'receiving 100 MB': { lose: 'none', part: 'take', chunkSize: 1 },
  'running alone': { lose: 'fails', part: 'run', chunkSize: 1 },
  'running in a chunk': { lose: 'fails', part: 'run', chunkSize: 3 },
  'while its chunk is split': { lose: 'fails', part: 'split', chunkSize: 9 },
  'sending 100 MB': { lose: 'any', part: 'send', chunkSize: 3 },
  'while it reads a block': { lose: 'any', part: 'read', chunkSize: 1 },
  'while it fills a block': { lose: 'any', part: 'fill', chunkSize: 3 },
  'while its blocks are copied': { lose: 'fails', part: 'leave', chunkSize: 5 },
  idle: { lose: 'none', chunkSize: 1 },
  leaving: { lose: 'none', chunkSize: 3 }
}

/** How results come: one by one with a reason where there is none, or all or nothing. */
export const methods = {
  async apply(pool, items, { taskTimeout }) {
    return Promise.allSettled(items.map((item) => pool.apply(jobs.work, [item], { taskTimeout })))
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
    return pool.mapSettled(jobs.work, items, options)
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

/** What is wrong with the reason of a task that failed by the fault; '' where nothing is. */
function wrongReason(fault, reason) {
  const { death } = faults[fault]
  // In the getter of a result the stack overflows in the midst of the encoder, which says the same in its own words.
  const isOverflow = reason instanceof RangeError || String(reason?.message).endsWith('nested too deeply')
  if (death === undefined) return isOverflow ? '' : `rejected with ${reason}`
  if (reason?.message === STRAY) return ''
  if (fault === 'infinite loop' && reason instanceof TaskTimeoutError) return ''
  if (!(reason instanceof WorkerDiedError)) return `rejected with ${reason}`
  const { exitCode, signal } = reason
  const isRight = death.signal === undefined ? death.exitCodes.includes(exitCode) : death.signal.test(signal ?? '')
  return isRight ? '' : `blamed on exit code ${exitCode}, signal ${signal}`
}

/** What is wrong with the outcomes of the call that the fault hits; and how many of its tasks were lost. */
function judge({ fault, phase, method }, settled) {
  const { lose, part } = phases[phase]
  const lost = settled.flatMap(({ status }, at) => (status === 'rejected' ? [at] : []))
  const wrong = []
  for (const [at, { status, value }] of settled.entries()) {
    if (status === 'rejected') continue
    const isCulprit = at === CULPRIT
    if (part === 'leave' && !isCulprit) {
      const isWhole = value?.length === BLOCK_BYTES && value.every((byte) => byte === at)
      if (!isWhole) wrong.push(`task ${at} gave another block`)
      continue
    }
    const isLarge = (part === 'send' || part === 'fill') && isCulprit
    const right = (part === 'take' || part === 'read') && isCulprit ? LARGE_BYTES : EXPECTED[at]
    if (isLarge ? value?.large?.length !== LARGE_BYTES : value !== right) wrong.push(`task ${at} gave ${value}`)
  }
  for (const at of lost) {
    const problem = wrongReason(fault, settled[at].reason)
    if (problem !== '') wrong.push(`task ${at} was ${problem}`)
  }
  const isWhole = method === 'map' && lost.length > 0
  const end = isWhole ? 1 : method === 'imap' && lost.length > 0 ? lost[0] + 1 : COUNT
  if (settled.length !== end) wrong.push(`${settled.length} outcomes in place of ${end}`)
  if (lost.length > (lose === 'none' ? 0 : 1)) wrong.push(`lost ${lost.join(', ')}`)
  if (lose === 'fails' && lost.length === 0) wrong.push('the fault left no trace')
  // In a map that failed the place says nothing, and the reason only where the worker died.
  const at = isWhole ? (settled[0].reason.index ?? CULPRIT) : lost[0]
  if (at !== undefined && lose !== 'one' && at !== CULPRIT) wrong.push(`task ${at} was lost for task ${CULPRIT}`)
  return { wrong, lost: lost.length }
}

/** Runs one cell in this process. @param {Cell} cell @returns {Promise<{ wrong: string[], lost: number }>} */
export async function runCell(cell) {
  const { fault, phase, method } = cell
  const { part, chunkSize } = phases[phase]
  const scratch = mkdtempSync(join(tmpdir(), 'millrace-matrix-'))
  const isTimed = fault === 'infinite loop' && ['run', 'split', 'send', 'leave'].includes(part ?? '')
  const taskTimeout = isTimed ? TASK_TIMEOUT_MS : undefined
  // What the pool ends by itself is not killed from outside.
  const isEndedByPool = fault === 'infinite loop' && (isTimed || phase === 'leaving')
  const watch = new Watch(faults[fault].isKilled === true && !isEndedByPool, scratch)
  const wrong = []
  let lost = 0
  const pool = new WorkerPool({
    nJobs: 2,
    stdio: process.env.MILLRACE_MATRIX_STDIO ?? 'ignore',
    env: { ...process.env, MILLRACE_MATRIX: JSON.stringify({ fault, phase, scratch }) },
    execArgv: [
      ...(fault === 'heap exhaustion' ? ['--max-old-space-size=40'] : []),
      ...(phase === 'starting' || phase === 'in a preload'
        ? ['--import', new URL('preload.mjs', import.meta.url).href]
        : [])
    ]
  })
  pool.on('workerStart', ({ pid }) => watch.see(pid))
  pool.on('workerExit', ({ pid }) => watch.exited(pid))
  pool.on('error', () => undefined)
  const items = (call) => EXPECTED.map((_, number) => ({ call, number, scratch }))
  const check = async (what) => {
    const values = await within(pool.map(jobs.work, items(what), { chunkSize: 1 }), what)
    if (values.join() !== EXPECTED.join()) wrong.push(`${what}: ${values}`)
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
    const hit = items('hit')
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
    const settled = await within(methods[method](pool, hit, { chunkSize, taskTimeout }), 'the call that is hit')
    const judged = judge(cell, settled)
    lost = judged.lost
    wrong.push(...judged.wrong)
    for (const [at, { status, value, reason }] of (await neighbours).entries()) {
      const isSpared = phase === 'starting' && lost === 0 && status === 'rejected' && wrongReason(fault, reason) === ''
      if (isSpared) lost++
      else if (value !== EXPECTED[at]) wrong.push(`neighbour ${at}: ${status} ${value ?? reason}`)
    }
    await check('afterwards')
    if (phase !== 'leaving' && !(await watch.happened())) wrong.push('the fault did not happen')
    await within(pool.stopAndJoin(), 'stopAndJoin')
    if (phase === 'leaving' && !(await watch.happened())) wrong.push('the fault did not happen')
  } catch (error) {
    wrong.push(error.message.startsWith('hangs: ') ? error.message : String(error.stack))
  } finally {
    await within(pool.terminate(), 'terminate').catch((error) => wrong.push(error.message))
  }
  const { submitted, completed, failed, cancelled, running, queued } = pool.stats
  if (running !== 0 || queued !== 0 || submitted !== completed + failed + cancelled)
    wrong.push(`the counts do not add up: ${JSON.stringify(pool.stats)}`)
  const begun = readFileSync(`${scratch}/begun`, 'utf8').split('\n').slice(0, -1)
  const begunTasks = begun.map((line) => line.split(' ').slice(0, 2).join(' '))
  const twice = begunTasks.filter((task, at) => begunTasks.indexOf(task) !== at)
  if (twice.length > 0) wrong.push(`ran twice: ${twice.join(', ')}`)
  wrong.push(...(await watch.end()))
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10 })
  return { wrong, lost }
}
