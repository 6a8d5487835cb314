// Work for which no single chunk size is right: without tuning, beside the best of the fixed chunk sizes.
import { OURS } from '../peers.mjs'
import { SIZES } from '../work.mjs'
import { isOurs } from './row.mjs'

/** @returns {import('./row.mjs').Row} */
function besideBest(kind, key, title) {
  let bestSize
  return {
    key,
    title: `${title}; limit: the best fixed chunk size`,
    unit: 'ms',
    better: 'less',
    targets: [{ than: 'limit', factor: 1.1 }],
    isFor: isOurs,
    async round(peers, { fleet, scale }) {
      const ours = peers.find(({ name }) => name === OURS)
      const { iterationsPerSecond: rate } = await fleet.bareFor(ours)
      const run = async (peer, size) => 1000 * (await (await fleet.driver(peer)).ask('sized', kind, rate, scale, size))
      if (bestSize === undefined) {
        const times = new Map()
        for (const size of SIZES) times.set(size, await run(ours, size))
        bestSize = SIZES.toSorted((a, b) => times.get(a) - times.get(b))[0]
      }
      const values = {}
      for (const peer of peers) values[peer.name] = await run(peer, 0)
      values.limit = await run(ours, bestSize)
      return values
    }
  }
}

/** @type {readonly import('./row.mjs').Row[]} */
export const sizes = [
  besideBest('tail', 'uneven-tail', 'uneven work: 20,000 fast items, then 8 of 200 ms'),
  besideBest('rare', 'uneven-rare', 'uneven work: one item in a thousand of 200 ms'),
  besideBest('growing', 'uneven-growing', 'uneven work: cost that grows from item to item'),
  besideBest('tiny', 'even-tiny', 'even work: 1e6 empty tasks'),
  besideBest('huge', 'even-huge', 'even work: 8 tasks of 300 ms')
]
