import { Math, setTimeout } from '../primordials.js'

const FIRST_MS = 1_000
const LONGEST_MS = 60_000

/** Gives memory back that was kept for the next large value, when none has come for a while. */
export class IdleMemory {
  readonly #giveBack: () => boolean
  #isArmed = false
  #wasUsed = false

  /** @param giveBack Returns false if some of the memory is still in use. */
  constructor(giveBack: () => boolean) {
    this.#giveBack = giveBack
  }

  /** Memory is being used. */
  use(): void {
    this.#wasUsed = true
    if (!this.#isArmed) this.#wait(FIRST_MS)
  }

  #wait(ms: number): void {
    this.#isArmed = true
    setTimeout(() => {
      this.#isArmed = false
      if (this.#wasUsed) {
        this.#wasUsed = false
        this.#wait(FIRST_MS)
        // What a long task uses is looked at ever more rarely.
      } else if (!this.#giveBack()) this.#wait(Math.min(2 * ms, LONGEST_MS))
    }, ms).unref()
  }
}
