import { RandomValues } from './values.js'

const WORDS = ['id', 'name', 'at', 'x', 'y', 'size', 'tags', 'parts', 'next', 'ключ', 'a key', 'valueOf', 'constructor']
const ODD = ['__proto__', 'toString', '', '0', '7', '-1', '01', '1.5', '4294967294', '4294967295', '\ud800', '"\u2028`']

class Point {
  readonly x: unknown
  readonly y: unknown
  constructor(x: unknown, y: unknown) {
    this.x = x
    this.y = y
  }
  get sum(): number {
    return 1
  }
}

/** Makes nested objects of several hundred shapes, each of which comes again and again, and of what is like a shape and is none. */
export class ShapedValues {
  readonly #random: () => number
  readonly #others: RandomValues
  readonly #shapes: readonly (readonly string[])[]
  /** Objects of the value under construction. */
  #met: object[] = []

  constructor(random: () => number, shapes: number) {
    this.#random = random
    this.#others = new RandomValues(random)
    this.#shapes = Array.from({ length: shapes }, (_, number) => this.#shape(number))
  }

  below(count: number): number {
    return Math.floor(this.#random() * count)
  }

  next(): unknown {
    this.#met = []
    return this.#object(this.below(5) === 0 ? 3 : 2)
  }

  #shape(number: number): string[] {
    const keys = Array.from({ length: 1 + this.below(9) }, () =>
      this.below(15) === 0 ? this.#of(ODD) : this.#of(WORDS) + (this.below(3) === 0 ? String(number % 40) : '')
    )
    return [...new Set(keys)]
  }

  #of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  #value(depth: number): unknown {
    const kind = this.below(20)
    if (kind < 4) return this.below(2) === 0 ? this.below(300) - 100 : this.#of([-0, NaN, 0.5, 2 ** 31, -(2 ** 31)])
    if (kind < 8) return `${this.#of(WORDS)} ${this.below(1000)}`.repeat(this.below(4))
    if (kind < 10) return this.#of([true, false, null, undefined, 2n ** 70n, -1n])
    if (kind < 12) return this.#others.next(1)
    if (kind === 12 && this.#met.length > 0) return this.#of(this.#met)
    if (depth === 0) return null
    return kind < 16 ? this.#array(depth - 1) : this.#object(depth - 1)
  }

  #keep<T extends object>(object: T): T {
    this.#met.push(object)
    return object
  }

  #array(depth: number): unknown[] {
    const array = this.#keep([] as unknown[])
    const count = this.below(this.below(30) === 0 ? 80 : 5)
    // Records of one shape, or a mixture.
    const shape = this.below(2) === 0 ? this.#of(this.#shapes) : undefined
    for (let index = 0; index < count; index++) {
      if (this.below(40) === 0) array.length++
      else array.push(shape === undefined ? this.#value(depth) : this.#fill(shape, 0))
    }
    if (this.below(12) === 0) Object.assign(array, { [this.#of(WORDS)]: this.#value(0), '-1': 1 })
    return array
  }

  #object(depth: number): object {
    const object = this.#fill(this.#of(this.#shapes), depth)
    const change = this.below(30)
    if (change === 0) Reflect.set(object, 'later', this.#value(0))
    else if (change === 1) Reflect.deleteProperty(object, this.#of(Object.keys(object)))
    else if (change === 2) Object.setPrototypeOf(object, null)
    else if (change === 3) Object.setPrototypeOf(object, { inherited: 1, name: 'of the prototype' })
    else if (change === 4) Object.freeze(object)
    else if (change === 5) return this.#keep(new Point(this.#value(depth > 0 ? depth - 1 : 0), object))
    else if (change === 6) this.#addGetter(object)
    return object
  }

  #fill(shape: readonly string[], depth: number): object {
    const object = this.#keep({})
    for (const key of shape) {
      const value = this.#value(depth)
      // An assignment would call the setter of `__proto__`.
      if (key === '__proto__') Object.defineProperty(object, key, { value, ...ENTRY })
      else Reflect.set(object, key, value)
    }
    return object
  }

  /** A getter that may change the object while it is read. */
  #addGetter(object: object): void {
    const keys = Object.keys(object)
    const at = this.#of(keys)
    const victim = this.#of(keys)
    const how = this.below(4)
    const get = function (this: object): unknown {
      if (how === 1 && victim !== at) Reflect.deleteProperty(this, victim)
      if (how === 2) Reflect.set(this, 'added', 1)
      if (how === 3 && victim !== at) Object.defineProperty(this, victim, { value: 'changed', ...ENTRY })
      return how
    }
    Object.defineProperty(object, at, { get, enumerable: true, configurable: true })
  }
}

const ENTRY = { writable: true, enumerable: true, configurable: true }
