// What a caller does next. Nothing here depends on time: the same seed gives the same plan.
import { fillOf } from './jobs.mjs'

/** @typedef {'apply' | 'map' | 'mapUnordered' | 'mapSettled' | 'imap' | 'imapUnordered'} Method */

/**
 * @typedef {object} Plan
 * @property {Method} method
 * @property {number} call unique in its round
 * @property {import('./jobs.mjs').Item[]} items
 * @property {'array' | 'generator' | 'async'} input
 * @property {number | undefined} throwsAt the input throws in place of this item
 * @property {number | undefined} abortAfter ms until the call is aborted; 0 before it is made
 * @property {number | undefined} returnAfter an iterator is left after so many results
 * @property {number | undefined} pauseMs how long the consumer of an iterator takes now and then
 * @property {boolean} hasArray whether its items share an array
 * @property {Record<string, unknown>} options
 */

const METHODS = ['apply', 'apply', 'map', 'mapUnordered', 'mapSettled', 'mapSettled', 'imap', 'imapUnordered']
/** Longer than anything takes here: no worker may be killed for an abort with it. */
export const LONG_GRACE = 60_000
const KINDS = ['sync', 'sync', 'sync', 'sync', 'async', 'spin']

function sizeOf(random, isLarge) {
  if (isLarge) return random.between(0, 5 * 1024 * 1024)
  return random.oneIn(10) ? random.between(0, 300_000) : random.between(0, 200)
}

function itemOf(random, base, number, mood) {
  const isOdd = mood.fails && random.oneIn(12)
  const odd = mood.isTimed || mood.isDeaf ? ['throw', 'rejects', 'loops', 'hangs'] : ['throw', 'rejects']
  const usual = mood.heeds && random.oneIn(4) ? 'heeds' : random.pick(KINDS)
  const kind = isOdd ? random.pick(odd) : usual
  const print = random.oneIn(20) ? random.between(0, 20_000) : random.between(0, 100)
  const item = { ...base, number, kind, print, ms: random.between(0, mood.longest), give: sizeOf(random, mood.isLarge) }
  return { ...item, bytes: Buffer.alloc(sizeOf(random, mood.isLarge), fillOf(item)) }
}

/** What a round's pool is like, beside its size. */
export function nextPoolOptions(random) {
  return {
    retries: random.oneIn(4) ? random.between(1, 2) : undefined,
    workerLifespan: random.oneIn(3) ? random.between(5, 80) : undefined,
    idleTimeout: random.oneIn(3) ? random.pick([0, 5, 50]) : undefined,
    maxQueue: random.oneIn(3) ? random.between(0, 3) : undefined,
    stdio: random.pick(['ignore', 'pipe'])
  }
}

/** @returns {Plan} */
export function nextPlan(random, call, log, promised) {
  const method = random.pick(METHODS)
  const isLarge = random.oneIn(8)
  const count = method === 'apply' ? 1 : isLarge ? random.between(1, 6) : random.pick([0, 1, 5, 20, 80])
  const abortAfter = random.oneIn(5) ? random.pick([0, 1, 5, 20, 100]) : undefined
  const heeds = abortAfter !== undefined && random.oneIn(3)
  // Only where nothing but the abort ends the call early: the tasks of a map that fails are not told, and loop on.
  const isDeaf = abortAfter !== undefined && !heeds && ['apply', 'mapSettled'].includes(method) && random.oneIn(2)
  const mood = {
    isLarge,
    heeds,
    isDeaf,
    fails: isDeaf || random.oneIn(3),
    isTimed: !heeds && random.oneIn(4),
    longest: count > 50 ? 2 : random.pick([1, 5, 20])
  }
  const items = Array.from({ length: count }, (_, number) => itemOf(random, { log, call, promised }, number, mood))
  const isIterator = method.startsWith('imap')
  const taskTimeout = mood.isTimed ? random.pick([50, 300]) : undefined
  const retries = random.oneIn(3) ? random.between(0, 3) : undefined
  const killGrace = heeds ? LONG_GRACE : random.pick([undefined, 0, 20, 500])
  const options = { taskTimeout, retries, killGrace }
  const plan = { method, call, items, abortAfter, hasArray: random.oneIn(5), input: 'array', options }
  if (method === 'apply') return plan
  const chunkSize = random.pick([undefined, undefined, 1, 2, 7, 40])
  return {
    ...plan,
    input: random.pick(['array', 'generator', 'async']),
    throwsAt: !isDeaf && random.oneIn(15) && count > 0 ? random.between(0, count - 1) : undefined,
    returnAfter: isIterator && random.oneIn(3) ? random.between(0, count) : undefined,
    pauseMs: isIterator && random.oneIn(3) ? 5 : undefined,
    options: {
      ...options,
      workerLifespan: random.oneIn(5) ? random.between(count > 5 ? 8 : 1, 60) : undefined,
      chunkSize,
      orderTasks: random.oneIn(5),
      maxTasksActive: random.oneIn(6) ? random.between(1, 50) : undefined
    }
  }
}
