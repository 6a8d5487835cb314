// What a run says in a few words.
const CULPRIT = 3

/** What each peer has to stand before it is judged. */
export const NO_FAULT = 'no fault'

/**
 * @typedef {object} Run
 * @property {readonly string[]} [first] what became of each task: right, wrong, rejected, open
 * @property {readonly string[]} [again] the same of the tasks after them
 * @property {'yes' | 'no' | 'open'} [ended] whether the pool could be closed
 * @property {boolean} [isThread] its workers are threads: they cannot be killed by themselves
 * @property {boolean} [busy] the busy loops were on
 * @property {number | string} end exit code or signal of the process; 'open' where it did not end
 * @property {number} left processes that were there two seconds after its end
 * @property {number} most how often a task was executed at the most
 */

const hasCulprit = (fault) => fault !== 'an idle worker is killed' && fault !== NO_FAULT
const countOf = (outcomes, what) => outcomes.filter((outcome) => outcome === what).length

/** @param {string} fault @param {Run} run @returns {readonly string[]} what is to be found fault with; empty where nothing is */
export function faultsOf(fault, { first, again, ended, isThread, busy, end, left, most }) {
  const words = []
  if (isThread) return ['-']
  const isOfBusy = fault === 'a busy loop, the pool is terminated'
  const isOfParent = fault === 'the parent is killed'
  const isWhole = isOfParent ? busy : isOfBusy ? first !== undefined : ended !== undefined
  if (!isWhole) words.push(end === 'open' ? 'hangs' : `the whole process dies (${end})`)
  if (first !== undefined) {
    const others = isOfBusy ? [] : hasCulprit(fault) ? first.toSpliced(CULPRIT, 1) : first
    const open = countOf(first, 'open')
    const lost = countOf(others, 'rejected')
    if (open > 0) words.push(`hangs: ${open} open`)
    if (lost > 0) words.push(`loses ${lost} of ${others.length} others`)
    if (countOf(others, 'wrong') > 0) words.push('wrong results')
  }
  if (again !== undefined && countOf(again, 'right') < again.length) words.push('unusable afterwards')
  if (ended === 'open') words.push('does not close')
  if (isWhole && !isOfParent && end === 'open') words.push('the process does not end')
  if (most > 1) words.push(`runs a task ${most} times`)
  if (left > 0) words.push(`leaves ${left} process${left > 1 ? 'es' : ''}`)
  return words
}
