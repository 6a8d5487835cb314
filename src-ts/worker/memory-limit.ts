import { monotonicMs, residentBytes } from '../primordials.js'

/** Milliseconds between two looks: one takes some 15 microseconds. */
const LOOK_MS = 2

/** Sees when this process uses more memory than it may. */
export class MemoryLimit {
  readonly #bytes: number
  #next = 0

  /** @param bytes Resident bytes; undefined: no limit. */
  constructor(bytes: number | undefined) {
    this.#bytes = bytes ?? Infinity
  }

  /** To be asked after each task. What a task adds in less than the time between two looks is seen after a later one. */
  isExceeded(): boolean {
    if (this.#bytes === Infinity) return false
    const now = monotonicMs()
    if (now < this.#next) return false
    this.#next = now + LOOK_MS
    return residentBytes() > this.#bytes
  }
}
