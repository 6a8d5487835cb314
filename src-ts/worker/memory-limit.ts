import { monotonicMs, residentBytes } from '../primordials.js'

/** Milliseconds between two checks. A check takes about 15 microseconds. */
const LOOK_MS = 2

/** Tells when this process uses more memory than it may. */
export class MemoryLimit {
  readonly #bytes: number
  #next = 0

  /** @param bytes The limit in resident bytes, or undefined for no limit. */
  constructor(bytes: number | undefined) {
    this.#bytes = bytes ?? Infinity
  }

  /** To be asked after each task. Memory that a task adds between two checks is noticed after a later task. */
  isExceeded(): boolean {
    if (this.#bytes === Infinity) return false
    const now = monotonicMs()
    if (now < this.#next) return false
    this.#next = now + LOOK_MS
    return residentBytes() > this.#bytes
  }
}
