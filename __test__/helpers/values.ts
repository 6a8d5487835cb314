const LETTERS = ['a', 'Z', '_', ' ', '\0', 'ä', 'ÿ', 'Ā', '€', '\ud83d\ude00', '\ud800', '\udc00', '__proto__', '0']

/** Makes values of all kinds that structured clone keeps, the same ones for the same random numbers. */
export class RandomValues {
  readonly #random: () => number
  /** Objects of the value under construction, some of which occur in it again. */
  #met: object[] = []

  /** @param random Gives numbers from 0 to below 1. */
  constructor(random: () => number) {
    this.#random = random
  }

  /** An integer from 0 to below `count`. */
  below(count: number): number {
    return Math.floor(this.#random() * count)
  }

  next(depth = 4): unknown {
    this.#met = []
    return this.#value(depth)
  }

  #value(depth: number): unknown {
    const kind = this.below(depth > 0 ? 20 : 9)
    switch (kind) {
      case 0:
        return [undefined, null, true, false][this.below(4)]
      case 1:
        return [0, -0, NaN, Infinity, -Infinity, 5e-324, 2 ** 53, -(2 ** 31), 2 ** 31, 127, 128][this.below(11)]
      case 2:
        return this.below(2 ** 32) - 2 ** 31
      case 3:
        return (this.#random() - 0.5) * 10 ** this.below(300)
      case 4:
        return (BigInt(this.below(2 ** 32)) - 2n ** 31n) ** BigInt(this.below(12))
      case 5:
      case 6:
        return this.#text()
      case 7:
        return new Date(this.below(2 ** 41))
      case 8:
        return this.#met.length > 0 ? this.#met[this.below(this.#met.length)] : /x+/g
      default:
        return this.#container(kind, depth - 1)
    }
  }

  #container(kind: number, depth: number): unknown {
    const count = this.below(8)
    switch (kind) {
      case 9:
        return this.#fill(new Map(), count, (map) => map.set(this.#value(depth), this.#value(depth)))
      case 10:
        return this.#fill(new Set(), count, (set) => set.add(this.#value(depth)))
      case 11:
        return this.#keep(Uint8Array.from({ length: count }, () => this.below(256)).buffer)
      case 12:
        return this.#keep(Float64Array.from({ length: count }, () => this.#random()))
      case 13:
        return this.#keep(new Uint16Array(new ArrayBuffer(32), 2 * this.below(8), this.below(8)))
      case 14:
      case 15:
      case 16:
        return this.#fill([] as unknown[], count, (array) => {
          if (this.below(10) === 0) array.length += this.below(3)
          else array.push(this.#value(depth))
        })
      default:
        return this.#fill({}, count, (object) => {
          const value = this.#value(depth)
          Object.defineProperty(object, this.#text(), { value, enumerable: true, configurable: true, writable: true })
        })
    }
  }

  #keep<T extends object>(object: T): T {
    this.#met.push(object)
    return object
  }

  #fill<T extends object>(object: T, count: number, add: (object: T) => void): T {
    this.#keep(object)
    for (let number = 0; number < count; number++) add(object)
    return object
  }

  #text(): string {
    const length = this.below(10) === 0 ? this.below(300) : this.below(12)
    return Array.from({ length }, () => LETTERS[this.below(LETTERS.length)]).join('')
  }
}
