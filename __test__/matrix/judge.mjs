// What is wrong with the outcomes of the call that a fault hits.
import { TaskTimeoutError, WorkerDiedError, WorkerExitError, WorkerInitError } from '../../dist/index.js'
import { faults, STRAY } from './faults.mjs'
import { BLOCK_BYTES, CULPRIT, EXPECTED, LARGE_BYTES } from './jobs.mjs'

/**
 * @typedef {object} Settled an outcome of a task, as `Promise.allSettled` gives it
 * @property {'fulfilled' | 'rejected'} status
 * @property {any} [value]
 * @property {any} [reason]
 */

/** What is wrong with how an error says that the worker ended; '' where nothing is. */
function wrongDeath(fault, { exitCode, signal }) {
  const { death } = faults[fault]
  const isRight = death?.signal === undefined ? death?.exitCodes?.includes(exitCode) : death.signal.test(signal ?? '')
  return isRight ? '' : `blamed on exit code ${exitCode}, signal ${signal}`
}

/** What is wrong with the reason of a task that failed by the fault; '' where nothing is. */
export function wrongReason(fault, reason) {
  // In the getter of a result the stack overflows in the midst of the encoder, which says the same in its own words.
  const isOverflow = reason instanceof RangeError || String(reason?.message).endsWith('nested too deeply')
  if (faults[fault].death === undefined) return isOverflow ? '' : `rejected with ${reason}`
  if (reason?.message === STRAY) return ''
  if (fault === 'infinite loop' && reason instanceof TaskTimeoutError) return ''
  return reason instanceof WorkerDiedError ? wrongDeath(fault, reason) : `rejected with ${reason}`
}

/** What is wrong with the error of an init or an exit in which the fault happened; '' where nothing is. */
function wrongLifeReason(fault, reason, errorClass) {
  if (!(reason instanceof errorClass)) return `rejected with ${reason}`
  if (faults[fault].death === undefined || reason.cause !== undefined) return wrongReason(fault, reason.cause)
  if (fault === 'infinite loop' && reason.timeout !== null) return ''
  return wrongDeath(fault, reason)
}

/** What is wrong with how `stopAndJoin` was rejected after the fault happened in an exit; '' where nothing is. */
export const wrongExitReason = (fault, reason) => wrongLifeReason(fault, reason, WorkerExitError)

/** The rejected ones. */
const lostOf = (settled) => settled.flatMap(({ status }, at) => (status === 'rejected' ? [at] : []))

/** What is wrong with the results that there are. @param {readonly Settled[]} settled */
function wrongValues(part, settled) {
  return settled.flatMap(({ status, value }, at) => {
    if (status === 'rejected') return []
    const isCulprit = at === CULPRIT
    if (part === 'leave' && !isCulprit) {
      const isWhole = value?.length === BLOCK_BYTES && value.every((byte) => byte === at)
      return isWhole ? [] : [`task ${at} gave another block`]
    }
    const isLarge = (part === 'send' || part === 'fill') && isCulprit
    const right = (part === 'take' || part === 'read') && isCulprit ? LARGE_BYTES : EXPECTED[at]
    const isRight = isLarge ? value?.large?.length === LARGE_BYTES : value === right
    return isRight ? [] : [`task ${at} gave ${value}`]
  })
}

/**
 * The fault happened in an init: whatever was open is rejected with one error, and what was ready before is there.
 *
 * @param {readonly Settled[]} settled
 */
function judgeCalls({ fault, method }, settled) {
  const lost = lostOf(settled)
  const wrong = wrongValues(undefined, settled)
  for (const at of lost) {
    const problem = wrongLifeReason(fault, settled[at].reason, WorkerInitError)
    if (problem !== '') wrong.push(`task ${at} was ${problem}`)
  }
  if (lost.length === 0) wrong.push('the fault left no trace')
  const isOneByOne = method === 'apply'
  if (isOneByOne && settled.length !== EXPECTED.length) wrong.push(`${settled.length} outcomes of ${EXPECTED.length}`)
  if (!isOneByOne && (lost.length > 1 || lost[0] !== settled.length - 1)) wrong.push('the call went on')
  return { wrong, lost: lost.length }
}

/**
 * @param {{ fault: string, method: string }} cell
 * @param {{ lose: string, part?: string }} phase
 * @param {readonly Settled[]} settled
 * @returns {{ wrong: string[], lost: number }} also how many of its tasks were lost
 */
export function judge({ fault, method }, { lose, part }, settled) {
  if (lose === 'calls') return judgeCalls({ fault, method }, settled)
  const lost = lostOf(settled)
  const wrong = wrongValues(part, settled)
  for (const at of lost) {
    const problem = wrongReason(fault, settled[at].reason)
    if (problem !== '') wrong.push(`task ${at} was ${problem}`)
  }
  const isWhole = method === 'map' && lost.length > 0
  const end = isWhole ? 1 : method === 'imap' && lost.length > 0 ? lost[0] + 1 : EXPECTED.length
  if (settled.length !== end) wrong.push(`${settled.length} outcomes in place of ${end}`)
  if (lost.length > (lose === 'none' ? 0 : 1)) wrong.push(`lost ${lost.join(', ')}`)
  if (lose === 'fails' && lost.length === 0) wrong.push('the fault left no trace')
  // In a map that failed the place says nothing, and the reason only where the worker died.
  const at = isWhole ? (settled[0].reason.index ?? CULPRIT) : lost[0]
  // A thread that strikes while a result is sent may be late. Then the next task runs.
  const isNext = part === 'send' && faults[fault].fromThread !== undefined && at === CULPRIT + 1
  const isRight = at === CULPRIT || isNext || lose === 'one'
  if (at !== undefined && !isRight) wrong.push(`task ${at} was lost for task ${CULPRIT}`)
  return { wrong, lost: lost.length }
}
