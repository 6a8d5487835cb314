// Work whose items cost differently: without tuning, beside the best of the fixed chunk sizes.
import { OURS } from '../peers.mjs'
import { isOurs } from './row.mjs'

const SIZES = [1, 4, 16, 64, 256, 1024, 4096]

/** @returns {import('./row.mjs').Row} */
function uneven(kind, title) {
  let bestSize
  return {
    key: `uneven-${kind}`,
    title: `uneven work: ${title}; limit: the best fixed chunk size`,
    unit: 'ms',
    better: 'less',
    targets: [{ than: 'limit', factor: 1.1 }],
    isFor: isOurs,
    async round(peers, { fleet, scale }) {
      const ours = peers.find(({ name }) => name === OURS)
      const { iterationsPerSecond: rate } = await fleet.bareFor(ours)
      const run = async (peer, size) => 1000 * (await (await fleet.driver(peer)).ask('uneven', kind, rate, scale, size))
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
export const unevenWork = [
  uneven('tail', '20,000 fast items, then 8 of 200 ms'),
  uneven('rare', 'one item in a thousand of 200 ms'),
  uneven('growing', 'cost that grows from item to item')
]
