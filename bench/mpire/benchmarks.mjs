// The three benchmarks that MPIRE publishes: their sizes, their inputs, and what must come out.
import { createHash } from 'node:crypto'

const MULTIPLIER = 2654435761
const POPULAR = 100
/** Every so manieth element of a result is compared, bit by bit. */
const SAMPLE = 997

/** Numbers from 0 to below 1, the same ones in each run; pools.py has the same. */
function randomNumbers(state) {
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function* vocabulary(random, count) {
  for (let word = 0; word < count; word += 1) {
    const length = 4 + Math.floor(9 * random())
    yield Array.from({ length }, () => String.fromCharCode(97 + Math.floor(26 * random()))).join('')
  }
}

/** Most documents are short and a few are long: the logarithms of their lengths are uniform. */
function documentsOf({ documents, words, longest }) {
  const random = randomNumbers(1)
  const known = [...vocabulary(random, words)]
  return Array.from({ length: documents }, () => {
    const length = Math.floor(10 * (longest / 10) ** random())
    return Array.from({ length }, () => known[Math.floor(words * random() ** 2)])
  })
}

const digestOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16)

/**
 * @typedef {object} Benchmark
 * @property {string} title
 * @property {string} what
 * @property {boolean} isExact whether Python must have the same results, to the bit
 * @property {Record<string, number>} sizes
 * @property {Record<string, number>} full the sizes with `--full`, where they differ
 * @property {(sizes: Record<string, number>, allocate: (length: number) => Float64Array) => any} inputOf
 * @property {(results: any, input: any) => string} digest of what a peer returned
 */

/** @type {Readonly<Record<string, Benchmark>>} */
export const benchmarks = {
  image: {
    title: 'shared image',
    what: '4 x 4 convolutions of one image, by `imap`',
    isExact: true,
    sizes: { width: 5000, stride: 5, filters: 40 },
    full: { filters: 200 },
    inputOf({ width, stride, filters }, allocate) {
      const image = allocate(width * width)
      for (let at = 0; at < image.length; at += 1) image[at] = (Math.imul(at, MULTIPLIER) >>> 0) / 2 ** 32
      const random = randomNumbers(2)
      const next = () => Array.from({ length: 16 }, () => random() - 0.5)
      return { image, width, stride, filters: Array.from({ length: filters }, next) }
    },
    digest(samples, { filters }) {
      if (samples.length !== filters.length) throw new Error(`${samples.length} results for ${filters.length} filters`)
      return digestOf(Buffer.concat(samples.map(({ buffer }) => Buffer.from(buffer))))
    }
  },
  prefixes: {
    title: 'prefix counts',
    what: 'each worker counts prefixes in its state, and hands them over when it leaves',
    isExact: true,
    sizes: { documents: 2000, words: 20_000, longest: 2000 },
    full: { longest: 16_000 },
    inputOf: documentsOf,
    digest(counts) {
      const all = [...counts.values()]
      const total = all.reduce((sum, count) => sum + count, 0)
      return `${counts.size} prefixes, ${total} times, ${all.filter((count) => count > POPULAR).length} popular`
    }
  },
  model: {
    title: 'a model to load',
    what: 'an initializer of about a second, then maps of few tasks on the same workers',
    isExact: false,
    sizes: { seconds: 1, maps: 50, tasks: 10, images: 24 },
    full: { seconds: 3 },
    inputOf({ seconds, maps, tasks, images }) {
      const batch = (seed) =>
        Float32Array.from({ length: images * 784 }, (_, at) => (Math.imul(at + seed, MULTIPLIER) >>> 0) / 2 ** 32)
      const batches = Array.from({ length: tasks }, (_, seed) => batch(seed))
      return { steps: 25e7 * seconds, maps: Array.from({ length: maps }, () => batches) }
    },
    digest: (classes, { maps }) => {
      if (classes.length !== maps.length) throw new Error(`${classes.length} maps in place of ${maps.length}`)
      return digestOf(JSON.stringify(classes))
    }
  }
}

/** What the program keeps of a result of `image`: it looks at each one as it comes. @param {Float64Array} result */
export function sampleOf(result) {
  return Float64Array.from({ length: Math.ceil(result.length / SAMPLE) }, (_, at) => result[at * SAMPLE])
}

/** The counts of all workers in one map. @param {readonly Map<string, number>[]} parts */
export function merge(parts) {
  const [all, ...others] = parts
  for (const part of others) {
    for (const [prefix, count] of part) all.set(prefix, (all.get(prefix) ?? 0) + count)
  }
  return all
}
