import { Array, Map, Set } from '../primordials.js'

const SEARCHED = 48

/** Numbers the objects of one value in the order in which they were met. It searches few objects one by one, and many by hash. */
export class Identity {
  /** The first objects. The array is kept for the next value, which is faster than a new one that has to grow. */
  readonly #few: unknown[] = Array.from({ length: SEARCHED }, () => undefined)
  /** All objects in their order, once there are many. */
  #many: Set<object> | undefined
  /** All objects by number, once there are many and one of them was met again. A set does not tell where in it an object is. */
  #numbers: Map<object, number> | undefined
  #count = 0

  /** The number of objects that were met. */
  get count(): number {
    return this.#count
  }

  /** The number of an object that was met before. Otherwise -1, and the object gets the next number. */
  meet(object: object): number {
    if (this.#numbers !== undefined) return this.#meetByNumber(this.#numbers, object)
    if (this.#many !== undefined) return this.#meetAmongMany(this.#many, object)
    const few = this.#few
    const count = this.#count
    for (let number = 0; number < count; number++) if (few[number] === object) return number
    if (count === SEARCHED) {
      this.#many = new Set(few as object[])
      return this.#meetAmongMany(this.#many, object)
    }
    few[count] = object
    this.#count = count + 1
    return -1
  }

  // One step in place of a look and a step: whether the set has grown tells whether the object is new.
  #meetAmongMany(many: Set<object>, object: object): number {
    many.add(object)
    if (many.size > this.#count) {
      this.#count++
      return -1
    }
    const numbers = new Map<object, number>()
    many.forEach((met) => numbers.set(met, numbers.size))
    this.#numbers = numbers
    this.#many = undefined
    return this.#meetByNumber(numbers, object)
  }

  #meetByNumber(numbers: Map<object, number>, object: object): number {
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
    // In the order of their numbers, so the ones to forget are the last.
    let number = 0
    this.#many?.forEach((met, _, many) => {
      if (number++ >= count) many.delete(met)
    })
    this.#numbers?.forEach((met, object, numbers) => {
      if (met >= count) numbers.delete(object)
    })
    // The search one by one goes on only if the objects that it would search are all there.
    if (count < SEARCHED) this.#useFew()
    this.#release(count)
    this.#count = count
  }

  clear(): void {
    this.#useFew()
    this.#release(0)
    this.#count = 0
  }

  #useFew(): void {
    this.#many = undefined
    this.#numbers = undefined
  }

  // The objects are not kept until the next value.
  #release(from: number): void {
    const few = this.#few
    for (let number = from; number < SEARCHED && few[number] !== undefined; number++) few[number] = undefined
  }
}
