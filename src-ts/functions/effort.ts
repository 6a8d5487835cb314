import { process } from '../primordials.js'

interface Usage {
  readonly user: number
  readonly system: number
}

const { cpuUsage } = process
// Not in the types, and of newer versions only. Where it is missing other threads count as well.
const { threadCpuUsage } = process as { readonly threadCpuUsage?: () => Usage }

/** Milliseconds that this thread has worked: those in which others had the CPU do not count. */
function worked(): number {
  const { user, system } = threadCpuUsage === undefined ? cpuUsage() : threadCpuUsage()
  return (user + system) / 1000
}

const MOST_FUNCTIONS = 2_500
/** Fewer functions than these are taken in however long it takes: their scripts may have to be read first. */
const ALWAYS = 250
const MOST_MS = 1_000

/** How much a function may take along: what leads to more is a library rather than a value. */
export class Effort {
  readonly #start = worked()

  /** Why there may be no more, once `count` functions were taken in. */
  excess(count: number): string | undefined {
    if (count >= MOST_FUNCTIONS) return `${MOST_FUNCTIONS} functions`
    return count >= ALWAYS && count % 50 === 0 && worked() - this.#start > MOST_MS ? `${count} functions` : undefined
  }
}
