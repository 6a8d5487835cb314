// Carries out plans on a pool, and judges each outcome by the model.
import { setTimeout as sleep } from 'node:timers/promises'
import { QueueFullError, sharedArray, tasks, TaskTimeoutError, WorkerDiedError } from '../../dist/index.js'
import { fillOf, isFilled } from './jobs.mjs'
import { isLifeLost } from './life.mjs'

const jobs = tasks(new URL('jobs.mjs', import.meta.url))
const HANG_MS = 60_000

/** What an input throws that was planned to. */
class InputError extends Error {}

/**
 * @typedef {object} Round what all callers of a pool share
 * @property {import('../../dist/index.js').WorkerPool} pool
 * @property {import('./resizer.mjs').Resizer} resizer
 * @property {import('./ledger.mjs').Ledger} ledger
 * @property {(pid: number) => boolean} wasKilled whether the killer ended this process
 * @property {() => boolean} isTerminated
 * @property {Record<string, number>} counts
 */

function* generate({ items, throwsAt }) {
  for (const [at, item] of items.entries()) {
    if (at === throwsAt) throw new InputError('planned')
    yield item
  }
}

async function* generateLater(plan) {
  for (const item of generate(plan)) {
    if (item.number % 7 === 3) await sleep(1)
    yield item
  }
}

function inputOf(plan) {
  if (plan.input === 'async') return generateLater(plan)
  return plan.input === 'generator' || plan.throwsAt !== undefined ? generate(plan) : plan.items
}

/** What is wrong with the result of an item; '' where nothing is. */
function wrongResult(round, plan, at, value) {
  const { items, options, method } = plan
  const item = items[at]
  if (item === undefined) return `there is no task ${at}`
  const { call, number, index, workerId, bytes, made } = value
  if (!['sync', 'async', 'spin', 'heeds'].includes(item.kind)) return `task ${at} was not to give anything`
  if (call !== item.call || number !== at) return `the result of task ${at} is that of task ${number} of call ${call}`
  if (index !== (method === 'apply' ? 0 : at)) return `task ${at} was told to be ${index}`
  if (!(workerId >= 0 && workerId < round.resizer.most)) return `worker ${workerId} ran task ${at}`
  // A chunk never has more tasks than a worker may run.
  const longest = Math.min(options.maxTasksActive ?? Infinity, plan.entry.lifespan)
  const chunkSize = options.chunkSize && Math.min(options.chunkSize, longest)
  if (options.orderTasks && chunkSize && Math.floor(at / chunkSize) % plan.entry.workers !== workerId)
    return `worker ${workerId} ran task ${at} out of its order`
  if (!isFilled(bytes, item.give, fillOf(item) + 1)) return `the bytes of task ${at} are wrong`
  return plan.array === undefined ? '' : wrongArrays(plan, at, made)
}

/** What is wrong with the array that the items of a call share, or with the one that a task has made; '' where nothing is. */
function wrongArrays({ call, array }, at, made) {
  const written = Atomics.load(array, at + 1)
  if (written !== call) return `task ${at} of call ${call} wrote ${written} into the shared array`
  if (at % 4 !== 0) return made === undefined ? '' : `task ${at} was not to make an array`
  const [first, second] = made ?? []
  made?.release()
  return first === call && second === at ? '' : `task ${at} of call ${call} made an array with ${first}, ${second}`
}

/** What is wrong with a reason; '' where it is one that the plan or the killer explains. */
function wrongReason(round, plan, reason, at) {
  const { counts } = round
  const count = (what) => ((counts[what] = (counts[what] ?? 0) + 1), '')
  if (plan.abortAfter !== undefined && reason === plan.reason) {
    plan.entry.endedAt = plan.abortedAt
    return count('aborted')
  }
  if (plan.throwsAt !== undefined && reason instanceof InputError) return count('inputs that threw')
  if (isLifeLost(reason, round.wasKilled)) return count('lost with their init')
  if (reason instanceof QueueFullError) return wrongRefusal(round, plan, reason) || count('refused')
  const isLoss = reason instanceof WorkerDiedError || reason instanceof TaskTimeoutError
  const problem = isLoss ? wrongAttempts(round, plan, reason) : ''
  if (problem !== '') return problem
  if (reason instanceof WorkerDiedError) {
    if (!round.wasKilled(reason.pid)) return `worker ${reason.pid} died and nobody killed it: ${reason.message}`
    if (at !== undefined && plan.method !== 'apply' && reason.index !== at)
      return `task ${at} was blamed for the death in task ${reason.index}`
    return count('lost with their worker')
  }
  if (reason instanceof TaskTimeoutError) {
    // Any task may be late: its worker may have been stopped.
    if (plan.options.taskTimeout === undefined) return `task ${reason.index} was timed and had no limit`
    if (at !== undefined && plan.method !== 'apply' && reason.index !== at)
      return `task ${at} was blamed for task ${reason.index}, which was late`
    return count('late')
  }
  if (reason?.message === 'planned' && reason instanceof RangeError) {
    const item = plan.items[reason.number]
    const isOwn = reason.call === plan.call && (at === undefined || at === reason.number)
    return isOwn && (item?.kind === 'throw' || item?.kind === 'rejects')
      ? count('threw')
      : `the error of another task: ${reason.call} ${reason.number}`
  }
  if (reason?.code === 'ERR_POOL_TERMINATED' && round.isTerminated()) return count('terminated')
  if (reason?.code === 'ERR_POOL_CLOSED' && round.pool.closed) return count('closed')
  return `rejected with ${reason?.stack ?? reason}`
}

/** What is wrong with a call that was not accepted. */
function wrongRefusal({ pool, maxQueue, ledger }, { method, entry }, { limit }) {
  entry.isRefused = true
  if (method !== 'apply' || limit !== maxQueue) return `refused by a limit of ${limit}, which is ${maxQueue}`
  const others = ledger.openApplies - 1
  return others < maxQueue ? `refused while ${others} others were open in a pool with ${pool.stats.queued} queued` : ''
}

/** What is wrong with the earlier errors of a task that was lost for good. */
function wrongAttempts({ wasKilled }, { entry, options }, error) {
  const { index, attempts } = error
  const count = attempts?.length ?? 0
  // A chunk that two workers did not live to receive is lost without a further attempt.
  const hasBegun = !error.message.includes('before it began')
  if (count > entry.retries || (hasBegun && count < entry.retries))
    return `task ${index} had ${count} earlier attempts and ${entry.retries} retries: ${error.message}`
  if (entry.retries === 0 && attempts !== undefined) return `task ${index} has attempts and no retries`
  for (const attempt of attempts ?? []) {
    const isExplained =
      attempt instanceof TaskTimeoutError ? options.taskTimeout !== undefined : attempt instanceof WorkerDiedError && wasKilled(attempt.pid) // prettier-ignore
    if (!isExplained || attempt.index !== index) return `an attempt at task ${index} failed with ${attempt?.stack}`
  }
  return ''
}

async function consume(iterator, plan, each) {
  const { returnAfter, pauseMs, entry } = plan
  let seen = 0
  if (returnAfter === 0) {
    await iterator.return()
    return false
  }
  for await (const value of iterator) {
    each(value, seen++)
    if (seen === returnAfter) {
      entry.endedAt = Date.now()
      return false
    }
    if (pauseMs !== undefined && seen % 10 === 1) await sleep(pauseMs)
  }
  return true
}

/** Makes the call; gives what is wrong with its results, in the order they were found. */
async function perform(round, plan, signal) {
  const { pool } = round
  const { method, items } = plan
  const wrong = []
  const note = (problem) => void (problem !== '' && wrong.push(problem))
  const options = { ...plan.options, ...(signal === undefined ? {} : { signal }) }
  // A call keeps its workers: it is made below, before anything else happens.
  plan.entry.workers = round.resizer.workers
  const fulfilled = (at, value) => {
    round.fulfilled++
    note(wrongResult(round, plan, at, value))
  }
  if (method === 'apply') {
    fulfilled(0, await pool.apply(jobs.work, items, options))
  } else if (method === 'map' || method === 'mapUnordered') {
    const values = await pool[method](jobs.work, inputOf(plan), options)
    if (values.length !== items.length) note(`${values.length} results for ${items.length} items`)
    const order = method === 'map' ? values.keys() : values.map(({ number }) => number)
    for (const [place, at] of [...order].entries()) fulfilled(at, values[place])
    if (new Set(values.map(({ number }) => number)).size !== items.length) note('a result came twice')
  } else if (method === 'mapSettled') {
    const settled = await pool.mapSettled(jobs.work, inputOf(plan), options)
    if (settled.length !== items.length) note(`${settled.length} outcomes for ${items.length} items`)
    for (const [at, { status, value, reason }] of settled.entries()) {
      if (status === 'fulfilled') fulfilled(at, value)
      else note(wrongReason(round, plan, reason, at))
    }
  } else {
    const seen = new Set()
    const isWhole = await consume(pool[method](jobs.work, inputOf(plan), options), plan, (value, place) => {
      if (seen.has(value.number)) note(`the result of task ${value.number} came twice`)
      seen.add(value.number)
      fulfilled(method === 'imap' ? place : value.number, value)
    })
    if (isWhole && seen.size !== items.length) note(`${seen.size} results for ${items.length} items`)
  }
  return wrong
}

/** @param {Round} round @returns {Promise<string[]>} what is wrong */
export async function carryOut(round, plan) {
  let signal
  let abort
  plan.entry = round.ledger.open(plan)
  if (plan.abortAfter !== undefined) {
    const controller = new AbortController()
    plan.reason = new Error('planned abort')
    signal = controller.signal
    const abortNow = () => {
      plan.abortedAt = Date.now()
      controller.abort(plan.reason)
    }
    if (plan.abortAfter === 0) abortNow()
    else abort = setTimeout(abortNow, plan.abortAfter)
  }
  if (plan.hasArray && round.life.isUsed) {
    plan.array = sharedArray(Int32Array, plan.items.length + 1)
    for (const item of plan.items) item.array = plan.array
  }
  let watchdog
  const hangs = new Promise((resolve) => {
    const state = () => JSON.stringify([round.pool.stats, round.pool.workers])
    watchdog = setTimeout(() => resolve([`hangs for ${HANG_MS} ms: ${state()}`]), HANG_MS)
  })
  try {
    const call = perform(round, plan, signal).catch((reason) => {
      const problem = wrongReason(round, plan, reason)
      return problem === '' ? [] : [problem]
    })
    return await Promise.race([call, hangs])
  } finally {
    clearTimeout(abort)
    clearTimeout(watchdog)
    plan.array?.release()
    round.ledger.close(plan.entry)
  }
}
