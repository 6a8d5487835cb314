// Changes of a pool's workers that have to end, and after which processes are gone.
import { existsSync } from 'node:fs'

const HANG_MS = 60_000

/**
 * Waits for a change of a pool's workers. Fails if it hangs, or rejects other than because the pool closes.
 * @param {string} what the change, for messages
 * @param {() => Promise<void>} change
 * @param {() => readonly number[]} findGone the pids that must not be there after it
 * @param {(left: readonly number[]) => string} describe what is wrong if some of them are
 * @param {(problem: string) => void} fail
 */
export async function watched(what, change, findGone, describe, fail) {
  const watchdog = setTimeout(() => fail(`${what} hangs for ${HANG_MS} ms`), HANG_MS)
  try {
    await change()
    const left = findGone().filter((pid) => existsSync(`/proc/${pid}`))
    if (left.length > 0) fail(describe(left))
  } catch (error) {
    if (error.code !== 'ERR_POOL_CLOSED') fail(`${what} rejected with ${error?.stack ?? error}`)
  } finally {
    clearTimeout(watchdog)
  }
}
