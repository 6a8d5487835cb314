// Values other than numbers: large buffers, records, memory that is shared.
import { BEFORE, codecsOf, OURS } from '../peers.mjs'
import { isOurs, NOT_THERE, processPools } from './row.mjs'

const MEBIBYTE = 1 << 20
const GIBIBYTE = 1 << 30

/** @type {readonly import('./row.mjs').Row[]} */
export const values = [
  {
    key: 'buffers',
    title: '1 MiB buffers, each different, there and back',
    unit: 'MB/s',
    better: 'more',
    targets: [
      { than: 'piscina', factor: 1.2 },
      { than: processPools, words: 'the best Node process pool', factor: 5 }
    ],
    // Each buffer is counted once, though it travels twice.
    async measure(driver, { scale }) {
      const count = Math.max(4, Math.round(48 * scale))
      return (count * MEBIBYTE) / (await driver.ask('echo', count, MEBIBYTE)) / 1e6
    },
    limit: ({ limits }) => limits.thereAndBack()
  },
  {
    key: 'records',
    title: 'records (0.8 KB as JSON), encode and decode, each',
    unit: 'µs',
    better: 'less',
    targets: [
      { than: 'msgpackr', factor: 0.5 },
      { than: 'node:v8', factor: 0.25 }
    ],
    isFor: isOurs,
    async round(peers, { fleet, scale }) {
      const time = async (driver, name) =>
        1e6 * (await driver.ask('encodeAndDecode', name, Math.max(10, Math.round(300 * scale))))
      const found = {}
      for (const peer of peers) {
        const driver = await fleet.driver(codecsOf(peer.root))
        found[peer.name] = await time(driver, OURS)
        if (peer.name === BEFORE) continue
        for (const name of ['msgpackr', 'node:v8', 'JSON']) found[name] = await time(driver, name)
      }
      return found
    }
  },
  {
    key: 'shared',
    title: '`sharedArray` of 1 GiB, until a task has it',
    unit: 'ms',
    better: 'less',
    targets: [{ factor: 1 }],
    isFor: isOurs,
    async measure(driver, { scale }) {
      if ((await driver.ask('hasSharedArray')) === 0) throw new Error(NOT_THERE)
      return 1000 * (await driver.ask('shared', Math.round((GIBIBYTE * scale) / 8) * 8))
    }
  }
]
