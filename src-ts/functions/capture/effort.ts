import { process, Set } from '../../primordials.js'

interface Usage {
  readonly user: number
  readonly system: number
}

const { cpuUsage } = process
// Not in the types, and only in newer versions of Node. If it is missing, the time of other threads counts as well.
const { threadCpuUsage } = process as { readonly threadCpuUsage?: () => Usage }

/** Milliseconds of CPU time of this thread. */
function worked(): number {
  const { user, system } = threadCpuUsage === undefined ? cpuUsage() : threadCpuUsage()
  return (user + system) / 1000
}

const MOST_FUNCTIONS = 2_500
/**
 * A function that leads to fewer texts than this is accepted however long its analysis takes, even on a slow machine or if scripts have
 * to be read first. Closures with the same text count once.
 */
const ALWAYS_TEXTS = 250
const MOST_MS = 1_000

/** The most that may be sent with a function. A function that leads to more uses a library. */
export class Effort {
  readonly #start = worked()
  readonly #texts = new Set<object>()

  /** Why no further function is accepted after `count` functions, or undefined. `text` stands for the text of the next function. */
  excess(count: number, text: object): string | undefined {
    this.#texts.add(text)
    if (count >= MOST_FUNCTIONS) return `${MOST_FUNCTIONS} functions`
    const isLibrary = this.#texts.size >= ALWAYS_TEXTS && count % 50 === 0
    return isLibrary && worked() - this.#start > MOST_MS ? `${count} functions` : undefined
  }
}
