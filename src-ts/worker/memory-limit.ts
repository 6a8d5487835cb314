import { Math, monotonicMs, residentBytes } from '../primordials.js'
import { RESIDENT_WORD } from '../protocol/index.js'

/** Milliseconds between two checks. A check takes about 15 microseconds. */
const CHECK_MS = 2
/** Milliseconds between two measurements where there is no limit. */
const NOTE_MS = 100

/** Measures the memory of this process. The parent reads the last measurement when the process has ended. */
export class ResidentMemory {
  readonly #words: Int32Array
  readonly #tell: ((bytes: number) => void) | undefined
  #next = 0

  /** @param tell Is told each measurement. */
  constructor(words: Int32Array, tell?: (bytes: number) => void) {
    this.#words = words
    this.#tell = tell
  }

  readonly measure = (): number => {
    const bytes = residentBytes()
    this.#words[RESIDENT_WORD] = Math.min(Math.round(bytes / 1024), 0xffffffff)
    this.#next = monotonicMs() + NOTE_MS
    this.#tell?.(bytes)
    return bytes
  }

  /** To be called when tasks have run. */
  measureIfDue(): void {
    if (monotonicMs() >= this.#next) this.measure()
  }
}

/** Tells when this process uses more memory than it may. */
export class MemoryLimit {
  readonly #bytes: number
  readonly #measure: () => number
  #next = 0

  /**
   * @param bytes The limit in resident bytes, or undefined for no limit.
   * @param measure Returns the resident bytes of this process.
   */
  constructor(bytes: number | undefined, measure: () => number = residentBytes) {
    this.#bytes = bytes ?? Infinity
    this.#measure = measure
  }

  /** To be asked after each task. Memory that a task adds between two checks is noticed after a later task. */
  isExceeded(): boolean {
    if (this.#bytes === Infinity) return false
    const now = monotonicMs()
    if (now < this.#next) return false
    this.#next = now + CHECK_MS
    return this.#measure() > this.#bytes
  }
}
