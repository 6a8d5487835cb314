import { process, Set } from '../../primordials.js'

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
/**
 * A function that leads to fewer texts than these is taken in however long that takes: on a busy or slow machine too, and with
 * scripts that have to be read first. Closures that one text made do not count again.
 */
const ALWAYS_TEXTS = 250
const MOST_MS = 1_000

/** How much a function may take along: what leads to more is a library rather than a value. */
export class Effort {
  readonly #start = worked()
  readonly #texts = new Set<object>()

  /** Why there may be no more, once `count` functions were taken in; `text`: stands for the text of the next one. */
  excess(count: number, text: object): string | undefined {
    this.#texts.add(text)
    if (count >= MOST_FUNCTIONS) return `${MOST_FUNCTIONS} functions`
    const isLibrary = this.#texts.size >= ALWAYS_TEXTS && count % 50 === 0
    return isLibrary && worked() - this.#start > MOST_MS ? `${count} functions` : undefined
  }
}
