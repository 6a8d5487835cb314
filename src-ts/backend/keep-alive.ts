import { Set, setInterval } from '../primordials.js'

const LONGEST_TIMEOUT = 2 ** 31 - 1

const busy = new Set<object>()
let timer: NodeJS.Timeout | undefined

/**
 * Keeps the process alive, and `owner` reachable, while work of the owner is pending. A timer does it, which fires once in 24 days.
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
