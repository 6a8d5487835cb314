import test from 'ava'
import { fitExponent } from '../bench/scale/fit.mjs'

const sizes = [1, 10, 100, 1000]
const points = (cost: (size: number) => number): { size: number; cost: number }[] =>
  sizes.map((size) => ({ size, cost: cost(size) }))

for (const power of [0, 1, 2]) {
  test(`a cost that grows as size^${power} has the exponent ${power}`, (t) => {
    t.true(Math.abs(fitExponent(points((size) => 3 * size ** power)) - power) < 1e-9)
  })
}

test('a fixed cost that hides the small sizes does not count', (t) => {
  t.true(fitExponent(points((size) => 50 + size ** 2)) > 1.9)
})

test('two points are enough', (t) => {
  const found = fitExponent(points((size) => size).slice(0, 2))
  t.true(Math.abs(found - 1) < 1e-9)
})
