/** Choices that are the same for the same seed (mulberry32). */
export class Random {
  #state

  /** @param {...number} seeds together they are the seed */
  constructor(...seeds) {
    this.#state = seeds.reduce((state, seed) => Math.imul(state ^ seed, 0x9e3779b1) ^ (state >>> 15), 0x2545f491)
  }

  /** From 0 to below 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** An integer from `low` to `high`, both included. */
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  /** True in one of `count` cases. */
  oneIn(count) {
    return this.between(1, count) === 1
  }

  /** @template T @param {readonly T[]} values @returns {T} */
  pick(values) {
    return values[this.between(0, values.length - 1)]
  }
}
