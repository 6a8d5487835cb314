import assert from 'node:assert'
import { types } from 'node:util'

/**
 * Compares two values in everything that structured clone keeps: what each primitive is, the order of keys, holes, prototypes, and which
 * objects are the same one. `assert.deepStrictEqual` sees neither the order of keys nor identity.
 */
export function assertSame(actual: unknown, expected: unknown, label: string): void {
  const comparison = new Comparison()
  try {
    comparison.compare(actual, expected)
  } catch (error) {
    const message = `${label}: at ${comparison.path.map(String).join(' > ')}: ${(error as Error).message}`
    throw new Error(message, { cause: error })
  }
}

/** Whether an object has its data in slots. */
function isLeaf(object: object): boolean {
  return Object.prototype.toString.call(object) !== '[object Object]'
}

class Comparison {
  readonly #met = new Map<object, unknown>()
  /** Where the comparison is. */
  readonly path: unknown[] = []

  compare(actual: unknown, expected: unknown): void {
    if (typeof expected !== 'object' || expected === null) {
      if (!Object.is(actual, expected)) throw new Error('another value')
      return
    }
    if (typeof actual !== 'object' || actual === null) throw new Error('no object')
    if (this.#met.has(expected)) {
      if (this.#met.get(expected) !== actual) throw new Error('another object')
      return
    }
    this.#met.set(expected, actual)
    if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) throw new Error('another prototype')
    if (types.isMap(expected)) this.#compareAll([...(actual as typeof expected)].flat(), [...expected].flat())
    else if (types.isSet(expected)) this.#compareAll([...(actual as typeof expected)], [...expected])
    else if (Array.isArray(expected) || !isLeaf(expected)) this.#compareEntries(actual, expected)
    else assert.deepStrictEqual(actual, expected)
  }

  #compareAll(actual: readonly unknown[], expected: readonly unknown[]): void {
    if (actual.length !== expected.length) throw new Error('another size')
    for (const [index, value] of expected.entries()) this.#step(index, actual[index], value)
  }

  #compareEntries(actual: object, expected: object): void {
    const keys = Reflect.ownKeys(expected)
    const found = Reflect.ownKeys(actual)
    if (found.length !== keys.length || keys.some((key, at) => key !== found[at])) throw new Error('other keys')
    for (const key of keys) {
      const entry = Object.getOwnPropertyDescriptor(actual, key) ?? {}
      const wanted = Object.getOwnPropertyDescriptor(expected, key) ?? {}
      const isSame = (['writable', 'enumerable', 'configurable'] as const).every((way) => entry[way] === wanted[way])
      if (!isSame) throw new Error(`no ordinary entry: ${String(key)}`)
      this.#step(key, entry.value, wanted.value)
    }
  }

  #step(key: unknown, actual: unknown, expected: unknown): void {
    this.path.push(key)
    this.compare(actual, expected)
    this.path.pop()
  }
}
