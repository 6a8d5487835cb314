import { Map } from '../primordials.js'

/** Stands for a result in the queue: the task has failed, and nothing follows. */
export class FailedResult {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** The queue gives back the room of results that were taken once there are so many of them. */
const ROOM = 1024

/** Results that have arrived and were not taken yet. In order, or as they come. */
export class ReadyResults {
  readonly #isOrdered: boolean
  /** The results that can be taken, from `head`. */
  #queue: unknown[] = []
  #head = 0
  /** Results that arrived before an earlier one: runs of consecutive ones, by the index of the first. */
  readonly #early = new Map<number, unknown[]>()
  #earlyCount = 0
  /** The run that grew last, and the index after it. The results of a chunk come one after the other. */
  #run: unknown[] = []
  #runEnd = -1
  /** The index that the end of the queue waits for. */
  #expected = 0

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered
  }

  /** The number of results, those included that wait for an earlier one. */
  get size(): number {
    return this.#queue.length - this.#head + this.#earlyCount
  }

  get hasNext(): boolean {
    return this.#head < this.#queue.length
  }

  /** The next result, which stays. To be called if there is one. */
  get next(): unknown {
    return this.#queue[this.#head]
  }

  add(index: number, result: unknown): void {
    if (this.#isOrdered && index !== this.#expected) {
      this.#addEarly(index, result)
      return
    }
    this.#queue.push(result)
    this.#expected++
    if (this.#earlyCount > 0) this.#takeEarly()
  }

  #addEarly(index: number, result: unknown): void {
    if (index !== this.#runEnd) {
      this.#run = []
      this.#early.set(index, this.#run)
    }
    this.#run.push(result)
    this.#runEnd = index + 1
    this.#earlyCount++
  }

  /** Moves the runs that are next to the queue. */
  #takeEarly(): void {
    for (;;) {
      const run = this.#early.get(this.#expected)
      if (run === undefined) return
      this.#early.delete(this.#expected)
      for (let at = 0; at < run.length; at++) this.#queue.push(run[at])
      this.#expected += run.length
      this.#earlyCount -= run.length
      // What comes now is no longer early.
      if (run === this.#run) this.#forgetRun()
    }
  }

  #forgetRun(): void {
    this.#run = []
    this.#runEnd = -1
  }

  /** Takes the next result. To be called if there is one. */
  take(): unknown {
    const result = this.#queue[this.#head]
    this.#queue[this.#head++] = undefined
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0
      this.#head = 0
    } else if (this.#head >= ROOM && this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return result
  }

  clear(): void {
    this.#queue = []
    this.#head = 0
    this.#early.clear()
    this.#earlyCount = 0
    this.#forgetRun()
  }
}
