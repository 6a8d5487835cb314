// What is measured. `run` does it once and gives one number; how often and of which peers is run.mjs's business.
import { randomBytes } from 'node:crypto'

const mebibyte = 1 << 20

/**
 * @typedef {object} Machine
 * @property {{ burn: (count: number, iterations: number) => Promise<number> }} bare
 * @property {number} iterationsPerSecond of the busy loop in a bare node process
 */

/**
 * @typedef {object} Measurement
 * @property {string} key for --only and the JSON lines
 * @property {string} title
 * @property {string} unit
 * @property {'less' | 'more'} better
 * @property {(peer: object, scale: number, machine: Machine) => Promise<number>} run `scale` is below 1 for a smoke run
 */

/** Pools that carry one task per call get fewer of them: their rate does not depend on the count, the time does. */
function countFor(peer, many, few, scale) {
  const carriesChunks = peer.name === 'millrace' || peer.name === 'multiprocessing.Pool'
  return Math.max(100, Math.round((carriesChunks ? many : few) * scale))
}

/** @returns {Measurement} */
function efficiency(microseconds, many, few) {
  return {
    key: `efficiency-${microseconds}`,
    title: `efficiency of ${microseconds} µs tasks against two bare processes`,
    unit: '%',
    better: 'more',
    async run(peer, scale, machine) {
      const count = countFor(peer, many, few, scale)
      const rate = peer.iterationsPerSecond ?? machine.iterationsPerSecond
      const iterations = Math.round((rate * microseconds) / 1e6)
      // A pool in another language is measured against bare processes of that language.
      const bareSeconds = await (peer.bare ? peer.bare(count, iterations) : machine.bare.burn(count, iterations))
      return (100 * bareSeconds) / (await peer.burn(count, iterations))
    }
  }
}

/** @type {readonly Measurement[]} */
export const measurements = [
  {
    key: 'apply',
    title: 'one `apply` at a time, median',
    unit: 'µs',
    better: 'less',
    run: async (peer, scale) => 1e6 * (await peer.apply(Math.round(1000 * scale)))
  },
  {
    key: 'empty',
    title: 'empty tasks, the best call each pool has',
    unit: 'k/s',
    better: 'more',
    async run(peer, scale) {
      const count = countFor(peer, 1e6, 10_000, scale)
      return count / (await peer.chunked(count)) / 1000
    }
  },
  {
    key: 'unchunked',
    title: 'empty tasks, each travelling alone',
    unit: 'k/s',
    better: 'more',
    async run(peer, scale) {
      const count = countFor(peer, 50_000, 10_000, scale)
      return count / (await peer.unchunked(count)) / 1000
    }
  },
  efficiency(10, 40_000, 4000),
  efficiency(100, 5000, 2000),
  efficiency(1000, 500, 500),
  {
    key: 'buffers',
    title: '1 MiB buffers, each different, there and back',
    unit: 'MB/s',
    better: 'more',
    async run(peer, scale) {
      const buffers = Array.from({ length: Math.max(4, Math.round(64 * scale)) }, () => randomBytes(mebibyte))
      // Each buffer is counted once, though it travels twice.
      return (buffers.length * mebibyte) / (await peer.echo(buffers)) / 1e6
    }
  }
]
