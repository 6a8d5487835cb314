// What the workers do. It is the same for every peer, and pools.py does the same in Python.

const SIDE = 4
const [PIXELS, HIDDEN, CLASSES] = [784, 128, 10]

/**
 * The 4 x 4 convolution of a square image where the filter fits, at every `stride`-th place.
 *
 * @param {Float64Array} image
 * @param {number} width of the image
 * @param {number} stride
 * @param {readonly number[]} filter 16 numbers, row by row
 */
export function convolve(image, width, stride, filter) {
  const count = Math.floor((width - SIDE) / stride) + 1
  const result = new Float64Array(count * count)
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < count; column += 1) {
      const corner = row * stride * width + column * stride
      let sum = 0
      for (let y = 0; y < SIDE; y += 1) {
        for (let x = 0; x < SIDE; x += 1) sum += filter[y * SIDE + x] * image[corner + y * width + x]
      }
      result[row * count + column] = sum
    }
  }
  return result
}

/** Adds the prefixes of all words. @param {Map<string, number>} counts @param {readonly string[]} words */
export function countPrefixes(counts, words) {
  for (const word of words) {
    for (let length = 1; length < word.length; length += 1) {
      const prefix = word.slice(0, length)
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
    }
  }
}

/** Makes the weights of a network. It takes as long as reading a large model would: a second for 25e7 steps, more or less. */
export function loadModel(steps) {
  const weights = new Float64Array(PIXELS * HIDDEN + HIDDEN * CLASSES)
  let state = 1
  let at = 0
  for (let step = 0; step < steps; step += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    weights[at] = state / 2 ** 31
    at = at + 1 === weights.length ? 0 : at + 1
  }
  return weights
}

/** @returns {number[]} the class of each image @param {Float64Array} weights @param {Float32Array} images 784 numbers each */
export function predict(weights, images) {
  const classes = []
  const hidden = new Float64Array(HIDDEN)
  for (let start = 0; start < images.length; start += PIXELS) {
    hidden.fill(0)
    for (let pixel = 0; pixel < PIXELS; pixel += 1) {
      const value = images[start + pixel]
      const row = pixel * HIDDEN
      for (let unit = 0; unit < HIDDEN; unit += 1) hidden[unit] += value * weights[row + unit]
    }
    classes.push(bestClass(weights, hidden))
  }
  return classes
}

function bestClass(weights, hidden) {
  let [best, highest] = [0, -Infinity]
  for (let each = 0; each < CLASSES; each += 1) {
    let sum = 0
    for (let unit = 0; unit < HIDDEN; unit += 1) {
      sum += Math.max(0, hidden[unit]) * weights[PIXELS * HIDDEN + unit * CLASSES + each]
    }
    if (sum > highest) [best, highest] = [each, sum]
  }
  return best
}
