import test from 'ava'
import { watchedPool } from './helpers/pools.js'

class Shape {
  constructor(readonly width: number) {}
  area(): number {
    return this.width
  }
  *[Symbol.iterator](): Generator<number> {
    yield this.width
  }
}
class Square extends Shape {}

type Untyped = (value: never) => unknown

const area: Untyped = (shape: Shape) => shape.area()
const spread: Untyped = (shape: Shape) => [...shape]
const deep: Untyped = (item: { shapes: Shape[] }) => item.shapes[0]?.area()
const later: Untyped = async (shape: Shape) => {
  await Promise.resolve()
  return shape.area()
}

const hinted: readonly (readonly [title: string, fn: Untyped, items: Iterable<unknown>, note: RegExp])[] = [
  ['a method', area, [new Shape(1)], /class Shape\b.*the method 'area'/],
  ['a method of a class above', area, [new Square(1)], /class Square\b.*the method 'area'/],
  ['an instance in an item', deep, [{ shapes: [new Shape(1)] }], /class Shape\b/],
  ['items of a generator', area, (function* () { yield new Shape(1) })(), /class Shape\b/],
  ['an asynchronous task', later, [new Shape(1)], /class Shape\b/],
  ['an iterator', spread, [new Shape(1)], /class Shape\b.*its iterator/]
] // prettier-ignore

const plain: readonly (readonly [title: string, fn: Untyped, items: Iterable<unknown>])[] = [
  ['a plain object', area, [{ width: 1 }]],
  ['a method that the class has not', (shape: Shape & { volume(): number }) => shape.volume(), [new Shape(1)]],
  ['another error', () => { throw new RangeError('shape.area is not a function') }, [new Shape(1)]],
  ['a method of the language', (map: Map<number, number>) => (map.get(1) as unknown as { get(): void }).get(), [new Map([[1, 2]])]]
] // prettier-ignore

test.serial('the stack of an error says that an item has lost its class', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const [title, fn, items, note] of hinted) {
    const error = await t.throwsAsync(pool.map(fn, items as Iterable<never>), { instanceOf: TypeError }, title)
    const lines = (error.stack ?? '').split('\n')
    const at = lines.findIndex((line) => line.startsWith('  Note: '))
    t.regex(lines[at] ?? '', note, title)
    // After the frames of the worker, before those of the caller.
    t.regex(lines[at - 1] ?? '', /^ {4}at /, title)
    t.regex(lines[at + 1] ?? '', /^ {4}at .*class-hint/, title)
    t.notRegex(error.message, /Note/, title)
  }
  const error = await t.throwsAsync(pool.apply(area, [new Shape(1) as never]), { instanceOf: TypeError })
  t.regex(error.stack ?? '', /this call was sent an instance of the class Shape/)
})

test.serial('it says so only if that is the reason', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const [title, fn, items] of plain) {
    const error = await t.throwsAsync(pool.map(fn, items as Iterable<never>), { any: true }, title)
    t.notRegex((error as Error).stack ?? '', /Note/, title)
  }
  // A captured instance keeps its class: what failed is the item.
  const captured = new Shape(2)
  const error = await t.throwsAsync(
    pool.map((item: Shape) => item.area() + captured.area(), [{ width: 1 }] as never[]),
    { instanceOf: TypeError }
  )
  t.notRegex(error.stack ?? '', /Note/)
})
