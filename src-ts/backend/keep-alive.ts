import { Set, setInterval } from '../primordials.js'

const LONGEST_TIMEOUT = 2 ** 31 - 1

const busy = new Set<object>()
let timer: NodeJS.Timeout | undefined

/**
 * Whether work is pending at `owner`: then the process stays, and so does the owner, whoever else holds on to it. A
 * timer does it: it wakes once in 24 days.
 */
export function keepAlive(owner: object, isNeeded: boolean): void {
  if (isNeeded) busy.add(owner)
  else busy.delete(owner)
  if (busy.size > 0) {
    timer ??= setInterval(() => undefined, LONGEST_TIMEOUT)
    timer.ref()
  } else {
    timer?.unref()
  }
}
