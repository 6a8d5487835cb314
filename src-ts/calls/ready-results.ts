import { Symbol } from '../primordials.js'

/** Stands for a result in the queue: the task has failed, and nothing follows. */
export class FailedResult {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** In a place without a result. */
const ABSENT = Symbol('absent')

/** Results are moved to the front once so many places before them are free. */
const ROOM = 1024

/**
 * Results that have arrived and were not taken yet. In order, or as they come.
 *
 * In order, each result has its place from the start, and a place stays free until its result arrives. There are never more places than
 * active tasks. The array is kept while the call runs: one that grows anew for each burst of results would make the engine enlarge its
 * memory for young objects.
 */
export class ReadyResults {
  readonly #isOrdered: boolean
  #places: unknown[] = []
  /** The place of the next result, and the index of that result. */
  #head = 0
  #next = 0
  /** The place after the last result. */
  #tail = 0
  #size = 0

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered
  }

  /** The number of results, those included that wait for an earlier one. */
  get size(): number {
    return this.#size
  }

  get hasNext(): boolean {
    return this.#head < this.#tail && this.#places[this.#head] !== ABSENT
  }

  /** The next result, which stays. To be called if there is one. */
  get next(): unknown {
    return this.#places[this.#head]
  }

  add(index: number, result: unknown): void {
    const at = this.#isOrdered ? this.#head + index - this.#next : this.#tail
    const places = this.#places
    while (places.length <= at) places.push(ABSENT)
    places[at] = result
    if (at >= this.#tail) this.#tail = at + 1
    this.#size++
  }

  /** Takes the next result. To be called if there is one. */
  take(): unknown {
    const result = this.#places[this.#head]
    this.#places[this.#head++] = ABSENT
    this.#next++
    if (--this.#size === 0) {
      this.#head = 0
      this.#tail = 0
    } else if (this.#head >= ROOM && this.#head * 2 >= this.#tail) this.#moveToFront()
    return result
  }

  #moveToFront(): void {
    const places = this.#places
    let to = 0
    for (let from = this.#head; from < this.#tail; from++) {
      places[to++] = places[from]
      places[from] = ABSENT
    }
    this.#head = 0
    this.#tail = to
  }

  clear(): void {
    this.#places = []
    this.#head = 0
    this.#tail = 0
    this.#size = 0
  }
}
