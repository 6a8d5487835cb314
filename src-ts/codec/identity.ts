import { Map } from '../primordials.js'

const SEARCHED = 16

/** Numbers the objects of one value in the order in which they were met. It searches few objects one by one, and many by hash. */
export class Identity {
  #objects: unknown[] = []
  #numbers: Map<unknown, number> | undefined

  /** The number of objects that were met. */
  get count(): number {
    return this.#objects.length
  }

  /** The number of an object that was met before. Otherwise -1, and the object gets the next number. */
  meet(object: object): number {
    const objects = this.#objects
    const count = objects.length
    if (this.#numbers === undefined) {
      for (let number = 0; number < count; number++) if (objects[number] === object) return number
      if (count === SEARCHED) this.#numbers = new Map(objects.map((met, number) => [met, number]))
    } else {
      const number = this.#numbers.get(object)
      if (number !== undefined) return number
    }
    this.#numbers?.set(object, count)
    objects.push(object)
    return -1
  }

  /** Uses up a number for an object that only the reader makes. */
  skip(): void {
    this.meet({})
  }

  /** Forgets all but the first `count`. */
  rewind(count: number): void {
    for (const object of this.#objects.splice(count)) this.#numbers?.delete(object)
  }

  clear(): void {
    // A new array, because an emptied one keeps the objects in its store until they are overwritten.
    if (this.#objects.length > 0) this.#objects = []
    this.#numbers = undefined
  }
}
