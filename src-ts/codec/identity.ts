import { Array, Map } from '../primordials.js'

const SEARCHED = 48

/** Numbers the objects of one value in the order in which they were met. It searches few objects one by one, and many by hash. */
export class Identity {
  /** The first objects. The array is kept for the next value, which is faster than a new one that has to grow. */
  readonly #few: unknown[] = Array.from({ length: SEARCHED }, () => undefined)
  /** All objects, once there are many. */
  #numbers: Map<unknown, number> | undefined
  #count = 0

  /** The number of objects that were met. */
  get count(): number {
    return this.#count
  }

  /** The number of an object that was met before. Otherwise -1, and the object gets the next number. */
  meet(object: object): number {
    if (this.#numbers !== undefined) return this.#meetByHash(this.#numbers, object)
    const few = this.#few
    const count = this.#count
    for (let number = 0; number < count; number++) if (few[number] === object) return number
    if (count === SEARCHED) {
      this.#numbers = new Map(few.map((met, number) => [met, number]))
      return this.#meetByHash(this.#numbers, object)
    }
    few[count] = object
    this.#count = count + 1
    return -1
  }

  #meetByHash(numbers: Map<unknown, number>, object: object): number {
    const number = numbers.get(object)
    if (number !== undefined) return number
    numbers.set(object, this.#count++)
    return -1
  }

  /** Uses up a number for an object that only the reader makes. */
  skip(): void {
    this.meet({})
  }

  /** Forgets all but the first `count`. */
  rewind(count: number): void {
    if (this.#numbers !== undefined) {
      for (const [object, number] of this.#numbers) if (number >= count) this.#numbers.delete(object)
      // The search one by one goes on only if the objects that it would search are all there.
      if (count < SEARCHED) this.#numbers = undefined
    }
    this.#release(count)
    this.#count = count
  }

  clear(): void {
    this.#numbers = undefined
    this.#release(0)
    this.#count = 0
  }

  // The objects are not kept until the next value.
  #release(from: number): void {
    const few = this.#few
    for (let number = from; number < SEARCHED && few[number] !== undefined; number++) few[number] = undefined
  }
}
